// Command bff prints how the networks of a sweep of three_bit_flip_flop learn, beside the best that is possible on the same data.
//
//	go run ./bench/bff [-hold] DIR
//
// DIR is a sweep's folder. For every cell there is a table: at each checkpoint the training loss, as the mean over the 20 updates before,
// and loss and accuracy under each condition, as means over the cell's seeds with the smallest and the largest. Beside them stands the Bayes
// filter, which knows the task's probabilities and sees the same inputs: its loss is the floor. With -hold the command fails unless
//
//   - there is a cell of GRUs with 128 units at a learning rate of 3e-3, and five of its seeds were evaluated after update 500;
//   - each of its seeds has a loss between the floor and 0.02 there, under every condition.
package main
