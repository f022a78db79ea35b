package tour

// Lessons are the lessons of the tour, in order.
var Lessons = []Lesson{
	lostTerm,
	reparameterise,
	rejection,
	gumbelMax,
	gumbelSoftmax,
	relatives,
	annealing,
	imageVAE,
	policy,
	channelGates,
	textGAN,
}
