package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"neurosweep/sweep/controller"
)

// A progressBar shows how far a sweep is in one line on a terminal, which it draws again and again.
type progressBar struct {
	w     io.Writer
	drawn int // columns
}

// barWidth is the width of the bar itself, in columns.
const barWidth = 24

// show draws the line.
func (b *progressBar) show(p controller.Progress) {
	line := progressLine(p)
	columns := len([]rune(line))
	fmt.Fprint(b.w, "\r", line, strings.Repeat(" ", max(b.drawn-columns, 0)))
	b.drawn = columns
}

// done leaves the last line on the screen.
func (b *progressBar) done() {
	if b.drawn > 0 {
		fmt.Fprintln(b.w)
	}
}

// progressLine is "[#####…] 12/18 trials, 2 failed  0.21/s  best accuracy 0.9271 (u2000)  left 28s".
func progressLine(p controller.Progress) string {
	var s strings.Builder
	if p.Finite && p.Cap > 0 {
		full := barWidth * p.Ended / p.Cap
		fmt.Fprintf(&s, "[%s%s] %d/%d trials", strings.Repeat("#", full), strings.Repeat(".", barWidth-full), p.Ended, p.Cap)
	} else {
		fmt.Fprintf(&s, "%d trials, without end", p.Ended)
	}
	if p.Failed > 0 {
		fmt.Fprintf(&s, ", %d failed", p.Failed)
	}
	fmt.Fprintf(&s, "  %d running", p.Running)
	if p.Rate > 0 {
		fmt.Fprintf(&s, "  %s", rateText(p.Rate))
	}
	if p.Best != nil {
		fmt.Fprintf(&s, "  best %s %.4f (u%d)", p.Best.Metric, p.Best.Value, p.Best.Update)
	}
	if left, ok := timeLeft(p); ok {
		fmt.Fprintf(&s, "  left %s", duration(left.Seconds()))
	}
	return s.String()
}

// rateText is trials a second, or a minute where they are slow.
func rateText(perSecond float64) string {
	if perSecond < 1 {
		return fmt.Sprintf("%.1f trials/min", 60*perSecond)
	}
	return fmt.Sprintf("%.1f trials/s", perSecond)
}

// timeLeft is when the rest of a finite plan will be done at the present rate; false where nothing can be said.
func timeLeft(p controller.Progress) (time.Duration, bool) {
	if !p.Finite || p.Rate <= 0 || p.Ended == 0 || p.Ended >= p.Cap {
		return 0, false
	}
	return time.Duration(float64(p.Cap-p.Ended) / p.Rate * float64(time.Second)), true
}
