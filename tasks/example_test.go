package tasks_test

import (
	"fmt"

	"neurosweep/sweep"
	"neurosweep/tasks"
)

// What the rest of the program does with a task: a batch of training data, a network's outputs, its score.
func Example() {
	task, err := tasks.New(sweep.Section{Name: "delay_comparison"})
	if err != nil {
		fmt.Println(err)
		return
	}
	var b tasks.Batch
	task.Data(0, 16, 100).Next(&b)

	outputs := make([]float32, b.Steps*b.Size*task.Outputs())
	for point, label := range b.Labels {
		outputs[point*task.Outputs()+int(label)] = 1 // a network that knows
	}
	for _, m := range task.Measure(nil, &b, outputs) {
		fmt.Println(m.Name, m.Value)
	}
	// Output: accuracy 1
}

func ExampleSampleTrials() {
	samples, err := tasks.SampleTrials(sweep.Section{Name: "delay_comparison"}, 2, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range samples {
		fmt.Printf("%v, then %v after %v ms: answer %v in step %d\n", s.About["first"], s.About["second"], s.About["delay_ms"], s.About["answer"], len(s.Labels))
	}
	// Output:
	// 22, then 30 after 3200 ms: answer 2 in step 48
	// 26, then 34 after 800 ms: answer 2 in step 24
}
