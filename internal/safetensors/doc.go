// Package safetensors reads and writes named arrays in the safetensors format
// (https://huggingface.co/docs/safetensors), so that weights open in other
// programs too:
//
//	8 bytes   N, the length of the header, unsigned little-endian
//	N bytes   a JSON object: name -> {"dtype", "shape", "data_offsets"},
//	          and optionally "__metadata__" -> {string: string}; spaces may follow
//	the rest  the data, little-endian, row-major; data_offsets count from here
//
// The tensors cover the data without holes or overlaps. Of the format's types
// this package knows F64, F32, I64, U64 and I32.
package safetensors
