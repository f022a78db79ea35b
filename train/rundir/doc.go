// Package rundir keeps a training run on disk: what it was asked to do, what
// it measured, and everything needed to go on.
//
// It stands below package train, which decides when to log and save, and
// knows nothing of models: a checkpoint is a set of named files. Layout:
//
//	config.toml               every option with its value
//	manifest.json             versions, machine, corpus, seed, commands; makes the directory a run
//	vocab.json                the vocabulary
//	held-out.txt              the lines that training has not seen
//	metrics.jsonl             one JSON object per line, see Field
//	metrics.jsonl.before-N    the record as it was before a resume at step N that found it damaged
//	events.out.tfevents.*     the same numbers for TensorBoard, one file per start
//	checkpoints/step-N/       the files of the checkpoint, record.json (how long metrics.jsonl was, and its
//	                          checksum) and SHA256SUMS (sha256sum -c reads it)
//	checkpoints/last, best    text: the name of a step's directory
//	samples/step-N.txt        one sentence per line
//	.lock                     held while a process writes
//
// Nothing here is overwritten by a new run: Create takes a new or an empty
// directory only. A checkpoint is written aside, synced and renamed, then best
// and last move, so an interruption at any moment leaves a run that can be
// resumed. Resume cuts metrics.jsonl back to what it was at the checkpoint, so
// that after a deterministic continuation the file equals that of a run which
// was never interrupted; hence no wall time belongs into metrics. Extend takes the
// end of a run back in the same way and then replaces config.toml: what is on disk
// in between is the run as it was, cut off before its end, and config.toml.next.
package rundir
