// Package finished is a finished run as a service uses it: its sentences, token by
// token, without the graph of training and what that brings into a program.
//
//	run's directory, or a .textgan file -> Open -> Model -> Sample -> tokens
//
// Equal options and seed give what "textgan sample" prints. Package model has the
// likelihoods, features and codes of a run too.
package finished
