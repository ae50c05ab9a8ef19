package results

import (
	"math"
	"time"
)

// The rows of the tables as parts store them; docs/results.md explains the columns. A reader takes columns by name and leaves others alone.

type storedTrial struct {
	Trial   string `parquet:"trial"`
	Cell    string `parquet:"cell"`
	Seed    int64  `parquet:"seed"`
	Outcome string `parquet:"outcome"`
	Updates int64  `parquet:"updates"`
	Params  string `parquet:"params"`
}

type storedCurve struct {
	Trial     string   `parquet:"trial"`
	Update    int64    `parquet:"update"`
	Metric    string   `parquet:"metric"`
	Value     *float64 `parquet:"value,optional"`
	Nonfinite *string  `parquet:"nonfinite,optional"`
}

type storedEval struct {
	Trial     string   `parquet:"trial"`
	Update    int64    `parquet:"update"`
	Condition string   `parquet:"condition"`
	Metric    string   `parquet:"metric"`
	Value     *float64 `parquet:"value,optional"`
	Nonfinite *string  `parquet:"nonfinite,optional"`
}

type storedCheckpoint struct {
	Trial   string `parquet:"trial"`
	Update  int64  `parquet:"update"`
	Path    string `parquet:"path"`
	Digest  string `parquet:"digest"`
	Bytes   int64  `parquet:"bytes"`
	Deleted bool   `parquet:"deleted"`
}

type storedEvent struct {
	Time    time.Time `parquet:"time,timestamp(microsecond)"`
	Kind    string    `parquet:"kind"`
	Trial   *string   `parquet:"trial,optional"`
	Attempt *int64    `parquet:"attempt,optional"`
	Agent   *string   `parquet:"agent,optional"`
	Cause   *string   `parquet:"cause,optional"`
	Detail  *string   `parquet:"detail,optional"`
}

type storedTiming struct {
	Trial   string    `parquet:"trial"`
	Attempt int64     `parquet:"attempt"`
	Agent   string    `parquet:"agent"`
	Cause   string    `parquet:"cause"`
	Started time.Time `parquet:"started,timestamp(microsecond)"`
	Ended   time.Time `parquet:"ended,timestamp(microsecond)"`
	Update  int64     `parquet:"update"`
	Seconds float64   `parquet:"seconds"`
}

func curveOf(s storedCurve) CurveRow {
	return CurveRow{s.Trial, s.Update, s.Metric, valueOf(s.Value, s.Nonfinite)}
}

func evalOf(s storedEval) EvalRow {
	return EvalRow{s.Trial, s.Update, s.Condition, s.Metric, valueOf(s.Value, s.Nonfinite)}
}

func eventOf(s storedEvent) EventRow {
	return EventRow{s.Time.UTC(), s.Kind, orZero(s.Trial), orZero(s.Attempt), orZero(s.Agent), orZero(s.Cause), orZero(s.Detail)}
}

func timingOf(s storedTiming) TimingRow {
	s.Started, s.Ended = s.Started.UTC(), s.Ended.UTC()
	return TimingRow(s)
}

func orZero[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// valueOf joins the columns value and nonfinite.
func valueOf(value *float64, nonfinite *string) Value {
	switch orZero(nonfinite) {
	case "inf":
		return Value(math.Inf(1))
	case "-inf":
		return Value(math.Inf(-1))
	}
	if value == nil {
		return Value(math.NaN())
	}
	return Value(*value)
}
