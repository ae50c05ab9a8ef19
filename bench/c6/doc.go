// Command c6 prints the training table of the notebook that the task delay_comparison comes from beside a sweep's own: loss
// and accuracy every 100 updates, for the cell with a learning rate of 1e-3 and 64 hidden units, over its seeds.
//
//	go run ./bench/c6 [-hold] DIR
//
// DIR is a sweep's folder; its Parquet tables are all that is read. A value is the mean over the last 100 updates, as the notebook printed
// it; ours is the mean over seeds with the smallest and the largest, and the bands are those of five seeds of an independent
// program. Rows that the sweep did not reach stay empty. With -hold the command fails unless
//
//   - there are five seeds that reached update 2,000;
//   - each has a loss of at most 0.009 and an accuracy of at least 0.91 there;
//   - four of five have reached an accuracy of 0.85 by update 700;
//   - the mean over seeds of the accuracy on whole task trials, under the condition whole_trial, lies between 0.95 and 0.99.
package main
