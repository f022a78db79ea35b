// Package tour shows how a gradient finds its way through a choice: lessons that are
// computed when they are asked for, by the packages that train and measure, and one
// HTML page of them that opens offline.
//
// A Lesson is a text and a function that computes its Results: numbers, and pictures
// with frames for a control to move through. The registry is the slice Lessons. The
// lessons only call: what they show is what package relax, the laboratory
// (eval/variance) and the trainer (train) do. The page depends on the options alone,
// not on the number of threads.
package tour
