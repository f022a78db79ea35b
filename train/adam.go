package train

import "textgan/internal/nn"

// Adam is the optimiser of every phase.
type (
	Adam       = nn.Adam
	AdamConfig = nn.AdamConfig
)

// NewAdam returns an optimiser of the given weights.
var NewAdam = nn.NewAdam
