// Package gridworld trains a policy: a walker in a small grid world draws one of four
// moves in every cell.
//
// It is an example of how score functions and relaxations of package relax are used
// for something that is not text. The true return of a policy and its gradient are
// sums over cells and steps (World.Return, World.Gradient), so that every estimate can
// be held against the truth.
package gridworld
