package results

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"neurosweep/sweep"
)

// TestExport writes each table of a small dataset: quoting, nulls, values that are not finite, order.
func TestExport(t *testing.T) {
	b := newBench(bestSpec(), 1, 0, 1)
	b.spec.Parameters = []sweep.Parameter{{Path: "train.lr"}, {Path: "task.name"}}
	begin := time.Date(2026, 3, 1, 12, 0, 0, 5000, time.FixedZone("", 3600))
	b.rows = Rows{
		Trials:      []TrialRow{{"t0-1", "c", 1, "completed", 10, `{"task.name":"a \"b\", c","train.lr":0.001}`}, {"t0-0", "c", 0, "failed", 0, `{"task.name":null,"train.lr":1e-05}`}},
		Curves:      []CurveRow{{"t0-1", 2, "loss", Value(math.Inf(-1))}, {"t0-1", 1, "loss", 0.1}, {"t0-0", 1, "loss", Value(math.NaN())}},
		Evals:       []EvalRow{{"t0-0", 1, "a", "m", 1e300}, {"t0-0", 1, "a", "l", 0.25}},
		Checkpoints: []CheckpointRow{{"t0-0", 1, "weights/t0-0/u000001.safetensors", "ab", 12, true}},
		Events:      []EventRow{{begin, "note", "", 0, "", "", "two\nlines"}},
		Timings:     []TimingRow{{"t0-0", 1, "host:1", "code", begin, begin.Add(time.Second), 0, 0.5}},
	}
	want := map[string]string{
		"trials": "trial,cell,seed,outcome,updates,params,p.task.name,p.train.lr\n" +
			`t0-0,c,0,failed,0,"{""task.name"":null,""train.lr"":1e-05}",,1e-05` + "\n" +
			`t0-1,c,1,completed,10,"{""task.name"":""a \""b\"", c"",""train.lr"":0.001}","a ""b"", c",0.001` + "\n",
		"curves":      "trial,update,metric,value,nonfinite\nt0-0,1,loss,,nan\nt0-1,1,loss,0.1,\nt0-1,2,loss,,-inf\n",
		"evals":       "trial,update,condition,metric,value,nonfinite\nt0-0,1,a,l,0.25,\nt0-0,1,a,m,1e+300,\n",
		"checkpoints": "trial,update,path,digest,bytes,deleted\nt0-0,1,weights/t0-0/u000001.safetensors,ab,12,true\n",
		"events":      "time,kind,trial,attempt,agent,cause,detail\n2026-03-01T11:00:00.000005Z,note,,,,,\"two\nlines\"\n",
		"timings": "trial,attempt,agent,cause,started,ended,update,seconds\n" +
			"t0-0,1,host:1,code,2026-03-01T11:00:00.000005Z,2026-03-01T11:00:01.000005Z,0,0.5\n",
	}
	for _, table := range sweep.Tables {
		var out bytes.Buffer
		if err := Export(b.dataset(), table, "csv", &out); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.ReplaceAll(want[table], "\n", "\r\n"), out.String()); diff != "" {
			t.Errorf("%s: %s", table, diff)
		}
	}
	for _, c := range [][3]string{{"curve", "csv", "curves"}, {"curves", "xml", "csv"}} {
		if err := Export(b.dataset(), c[0], c[1], &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), c[2]) {
			t.Errorf("%s as %s: %v, want %s in it", c[0], c[1], err, c[2])
		}
	}
}
