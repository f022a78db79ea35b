// Package report tells what a training run was and what came of it, for people:
// one HTML page that needs no network and no script, and a model card.
//
// It stands at the very end of the flow and reads only what package rundir has
// on disk:
//
//	config.toml, manifest.json, metrics.jsonl, samples/  --HTML-->  report.html
//	figures/*.svg                                        --Card-->  model-card.md
package report
