package op

import "textgan/internal/cell"

type (
	Gated       = cell.Gated
	Relational  = cell.Relational
	Transformer = cell.Transformer
)

const (
	LSTM = cell.LSTM
	GRU  = cell.GRU
)
