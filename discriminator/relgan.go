package discriminator

import "fmt"

// relganUnits are the units of the linear layer before the score, as in the
// authors' code.
const relganUnits = 100

// checkRelGAN reports the first setting that makes no sense.
func (c Config) checkRelGAN() error {
	if err := c.checkCNN(); err != nil {
		return err
	}
	if c.Representations < 1 || c.Emb%c.Representations != 0 {
		return fmt.Errorf("discriminator: the embeddings of a relgan share out --d-emb: %d is no multiple of --d-reps %d", c.Emb, c.Representations)
	}
	return nil
}

// newRelGAN returns the discriminator of RelGAN (Nie, Narodytska and Patel 2019,
// section 2.3): a sentence is embedded by R tables, each representation goes
// through the same network, and has a score of its own:
//
//	tokens [B,T,R d] -> R times [B,T,d] -> convolutions, max over time, highway,
//	dropout, linear -> scores [B,R]
//
// The tables are the columns of one, so that a rollout writes for all of them at
// once. As in the authors' code there is a linear layer of 100 units before the
// score; unlike there, the highway layer has biases, and its gate is closed at
// first as that of the other networks is.
func newRelGAN(c Config, seed uint64) Discriminator {
	return newConvolutional(c, c.Representations, relganUnits, seed)
}
