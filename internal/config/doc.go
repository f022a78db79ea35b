// Package config resolves options from several sources. One struct describes
// them:
//
//	type Train struct {
//		Hidden int    `opt:"hidden" default:"64" check:"min=1" doc:"hidden units" group:"model"`
//		Model  string `opt:"model" default:"gan" check:"oneof=gan|mle|vae" doc:"what to train"`
//	}
//
// and from the one table that New makes of it come the flag --hidden, the
// environment variable TEXTGAN_HIDDEN, the key hidden of a TOML file, the
// default, the checks and the help text, so that they cannot drift apart. A
// flag wins over the environment, the environment over the file, the file over
// the default. All four are text and go through one parser.
//
// Tags:
//
//	opt      name: lower-case words joined by dashes
//	default  the value if no source gives one; default the zero value
//	doc      one line of help
//	group    heading in the help text; options without one are the everyday ones
//	meta     what stands for the value in the help text: FILE, N, ...
//	check    rules joined by commas, for each element of a list:
//	         min=, max= (inclusive), above=, below= (exclusive), oneof=a|b|c, required;
//	         paths, of a list: the name of a file that there is, is one element
//	file     "no": not a key of the file (what is said anew on each call)
//
// A type of strings with a method Choices() []string has the rule oneof= by that.
//
// Fields are bool, int, uint64, float64, string, []int, []float64 or []string;
// lists are written a,b,c; or "a,b;c" where an element holds a comma; or as a flag
// that is given several times, whose values are not cut. Embedded structs are taken as part of the whole.
package config
