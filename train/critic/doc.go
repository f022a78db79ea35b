// Package critic gives a finished run a density-ratio critic: it trains one on
// the run's own text, keeps it in the run's directory, and draws sentences by
// it. The mathematics is that of discriminator/ratio.
package critic
