// Package model is a finished run as a service or a command uses it: its
// generator with vocabulary and settings, read from a checkpoint (Load), to
// sample sentences, to score lines, to turn them into codes or features.
//
// It also opens the text of a run as training saw it (Prepare), and knows
// nothing of how the weights came about: package train stands above it.
//
//	config.toml, vocab.json, checkpoints/step-N/weights.safetensors -> Model -> lines, nats, features
package model
