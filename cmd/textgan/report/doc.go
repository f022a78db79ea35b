// Package report tells what training runs were and what came of them, for people: one
// HTML page of a run, with a model card, and one page of several that compares them. A
// page needs no network and no script.
//
// It stands at the very end of the flow and reads only what package rundir has
// on disk, and what Options add:
//
//	config.toml, manifest.json, metrics.jsonl, samples/, held-out.txt  --Write-->    report.html, model-card.md
//	figures/*.svg                                                      --Compare-->  a page of several runs
package report
