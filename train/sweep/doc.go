// Package sweep makes many runs of one file: the same options on all machines,
// so that a cell of a sweep is a pure function of the file and an index. It plans,
// looks at what is there and sums it up; it starts nothing.
package sweep
