package train

import (
	"fmt"
	"slices"
	"strings"

	"textgan/internal/config"
)

// PresetName names one of Presets; empty: none.
type PresetName string

// Choices are the names of all presets.
func (PresetName) Choices() (names []string) {
	for _, p := range Presets {
		names = append(names, p.Name)
	}
	return names
}

// Preset is a published configuration as options of this program. What it does not
// name keeps its default.
type Preset struct {
	Name, Summary string
	options       [][2]string // name, value
}

// Presets are all of them. docs/presets.md says where the numbers come from, and
// what differs from the authors' code. Epochs are counted as 156 batches: those of
// 64 in 10,000 sentences.
var Presets = []Preset{
	{"lstm-mle", "the likelihood baseline of SeqGAN (Yu et al. 2017)", [][2]string{
		{"model", "mle"}, {"cell", "lstm"}, {"emb", "32"}, {"hidden", "32"}, {"dropout", "0"}, {"batch", "64"}, {"lr", "0.01"}, {"lr-schedule", "constant"}, {"lr-decay", "1"}, {"patience", "0"}, {"mle-steps", "18720"},
	}},
	{"seqgan", "SeqGAN (Yu et al. 2017)", [][2]string{
		{"model", "gan"}, {"cell", "lstm"}, {"emb", "32"}, {"hidden", "32"}, {"dropout", "0"}, {"batch", "64"}, {"lr", "0.01"}, {"lr-schedule", "constant"}, {"lr-decay", "1"}, {"patience", "0"}, {"mle-steps", "18720"},
		{"estimator", "seqgan:m=16"}, {"objective", "standard"}, {"g-lr", "0.01"}, {"adv-steps", "200"}, {"g-steps", "1"}, {"d-steps", "2340"}, {"mle-every", "0"},
		{"discriminator", "cnn"}, {"d-emb", "64"}, {"d-widths", "1,2,3,4,5,6,7,8,9,10,15,20"}, {"d-filters", "143"}, {"d-highway", "true"}, {"d-dropout", "0.25"}, {"d-lr", "0.0001"}, {"d-pretrain", "23400"},
	}},
	{"maligan", "MaliGAN (Che et al. 2017) with the sizes of Texygen", [][2]string{
		{"model", "gan"}, {"cell", "lstm"}, {"emb", "32"}, {"hidden", "32"}, {"dropout", "0"}, {"batch", "64"}, {"lr", "0.01"}, {"lr-schedule", "constant"}, {"lr-decay", "1"}, {"patience", "0"}, {"mle-steps", "12480"},
		{"estimator", "maligan"}, {"objective", "standard"}, {"g-lr", "0.01"}, {"adv-steps", "100"}, {"g-steps", "50"}, {"d-steps", "45"}, {"mle-every", "0"},
		{"discriminator", "cnn"}, {"d-emb", "32"}, {"d-widths", "2,3"}, {"d-filters", "150"}, {"d-highway", "true"}, {"d-dropout", "0"}, {"d-lr", "0.0001"}, {"d-pretrain", "240"},
	}},
	{"gsgan", "a Gumbel-Softmax GAN after Kusner and Hernandez-Lobato (2016)", [][2]string{
		{"model", "gan"}, {"cell", "lstm"}, {"emb", "32"}, {"hidden", "32"}, {"dropout", "0"}, {"batch", "200"}, {"mle-steps", "0"},
		{"estimator", "gumbel-softmax"}, {"feedback", "soft"}, {"tau-schedule", "linear:from=5,to=1"}, {"objective", "standard"}, {"g-lr", "0.001"},
		{"adv-steps", "20000"}, {"g-steps", "1"}, {"d-steps", "1"}, {"mle-every", "0"},
		{"discriminator", "rnn"}, {"d-cell", "lstm"}, {"d-emb", "32"}, {"d-units", "32"}, {"d-dropout", "0"}, {"d-lr", "0.001"}, {"d-pretrain", "0"},
	}},
	{"textgan-mmd", "TextGAN's feature matching (Zhang et al. 2017) with the sizes of Texygen", [][2]string{
		{"model", "gan"}, {"cell", "lstm"}, {"emb", "32"}, {"hidden", "32"}, {"dropout", "0"}, {"batch", "64"}, {"lr", "0.01"}, {"lr-schedule", "constant"}, {"lr-decay", "1"}, {"patience", "0"}, {"mle-steps", "12480"},
		{"estimator", "gumbel-softmax"}, {"feedback", "soft"}, {"tau-schedule", "0.001"}, {"objective", "mmd"}, {"g-lr", "0.01"},
		{"adv-steps", "100"}, {"g-steps", "100"}, {"d-steps", "45"}, {"mle-every", "0"},
		{"discriminator", "cnn"}, {"d-emb", "32"}, {"d-widths", "2,3"}, {"d-filters", "150"}, {"d-highway", "false"}, {"d-dropout", "0"}, {"d-lr", "0.0001"}, {"d-pretrain", "240"},
	}},
	{"relgan", "RelGAN (Nie et al. 2019) with beta 100", [][2]string{
		{"model", "gan"}, {"cell", "relational"}, {"slots", "1"}, {"heads", "2"}, {"emb", "32"}, {"hidden", "512"}, {"dropout", "0"}, {"batch", "64"}, {"lr", "0.01"}, {"lr-schedule", "constant"}, {"lr-decay", "1"}, {"patience", "0"}, {"mle-steps", "23400"},
		{"estimator", "gumbel-softmax"}, {"feedback", "detached"}, {"tau-schedule", "relgan-exp:beta=100"}, {"sparse-backward", "0.001"}, {"objective", "rsgan"}, {"g-lr", "0.0001"},
		{"adv-steps", "2000"}, {"g-steps", "1"}, {"d-steps", "5"}, {"mle-every", "0"},
		{"discriminator", "relgan"}, {"d-emb", "64"}, {"d-reps", "64"}, {"d-widths", "2,3,4,5"}, {"d-filters", "300"}, {"d-highway", "true"}, {"d-dropout", "0.25"}, {"d-lr", "0.0001"}, {"d-pretrain", "0"},
	}},
}

// presetLayer is what a preset gives: the weakest layer above the defaults.
func presetLayer(name string) (config.Layer, error) {
	i := slices.IndexFunc(Presets, func(p Preset) bool { return p.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("train: preset %q is not known; use %s", name, strings.Join(PresetName(name).Choices(), ", "))
	}
	layer := config.Layer{}
	for _, o := range Presets[i].options {
		layer[o[0]] = config.Given{Text: o[1], Quote: fmt.Sprintf("--preset %s: %s %s", name, o[0], o[1])}
	}
	return layer, nil
}

// WithPreset appends the layer of the preset that one of the layers names.
func WithPreset(layers []config.Layer) ([]config.Layer, error) {
	for _, layer := range layers {
		if given, ok := layer["preset"]; ok && given.Text != "" {
			preset, err := presetLayer(given.Text)
			return append(slices.Clip(layers), preset), err
		}
	}
	return layers, nil
}

// String lists the options of a preset as flags.
func (p Preset) String() string {
	var flags []string
	for _, o := range p.options {
		flags = append(flags, "--"+o[0]+" "+o[1])
	}
	return strings.Join(flags, " ")
}
