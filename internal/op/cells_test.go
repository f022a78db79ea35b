package op

import "textgan/internal/cell"

type (
	Gated      = cell.Gated
	Relational = cell.Relational
)

const (
	LSTM = cell.LSTM
	GRU  = cell.GRU
)
