package train

import (
	"slices"
	"strings"
	"testing"

	"neurosweep/models/graph"
	"neurosweep/sweep"
)

func TestGroups(t *testing.T) {
	params := []graph.Param{{Name: "w_in", Rows: 2, Cols: 3}, {Name: "w_rec", Rows: 3, Cols: 3}, {Name: "b_rec", Cols: 3}, {Name: "w_out", Rows: 3, Cols: 1}, {Name: "b_out", Cols: 1}}
	for _, c := range []struct {
		train sweep.Values
		want  []group
	}{
		{nil, []group{{0, 22, 1, 0}}},
		{sweep.Values{"weight_decay": 0.5}, []group{{0, 22, 1, 0.5}}},
		{sweep.Values{"weight_decay": 0.5, "no_decay": []any{"b_*"}}, []group{{0, 15, 1, 0.5}, {15, 18, 1, 0}, {18, 21, 1, 0.5}, {21, 22, 1, 0}}},
		{sweep.Values{"lr_factors": []any{"w_rec=0.1", "w_*=2"}}, []group{{0, 6, 2, 0}, {6, 15, 0.1, 0}, {15, 18, 1, 0}, {18, 21, 2, 0}, {21, 22, 1, 0}}},
	} {
		got, err := newGroups(mustSettings(t, c.train), params)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%v gives %v, error %v, want %v", c.train, got, err, c.want)
		}
	}
	for text, train := range map[string]sweep.Values{
		"b_recc":  {"no_decay": []any{"b_recc"}},
		"w_in":    {"lr_factors": []any{"w_in"}},
		"w_in=-1": {"lr_factors": []any{"w_in=-1"}},
		"w_in=no": {"lr_factors": []any{"w_in=no"}},
		"[":       {"no_decay": []any{"["}},
	} {
		if _, err := newGroups(mustSettings(t, train), params); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%v: error %v", train, err)
		}
	}
}
