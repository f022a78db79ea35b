// Package progress tells people how far a long job is: one line that is
// redrawn on a terminal, plain lines now and then elsewhere.
package progress

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"textgan/internal/terminal"
)

// How often the line changes.
const (
	redraw = 100 * time.Millisecond // on a terminal
	plain  = 10 * time.Second       // elsewhere
)

// window is the time over which the rate is averaged, so that the estimate
// follows a change of pace without jumping.
const window = 20 * time.Second

// Line is the progress of one job after the other. Its methods are not safe
// for concurrent use. A nil *Line shows nothing.
type Line struct {
	out      io.Writer
	terminal bool
	width    func() int // columns of the terminal
	now      func() time.Time

	label string
	total int
	begun time.Time
	drawn time.Time
	marks []mark // of the window, oldest first
	shown bool   // the line is on the terminal now
	last  string
}

// mark is how far the job was at a time.
type mark struct {
	at           time.Time
	done, tokens int
}

// New returns a Line that writes to out. If out is a terminal, width gives its
// columns at any time; otherwise width is nil. The clock is time.Now in
// programs.
func New(out io.Writer, width func() int, now func() time.Time) *Line {
	return &Line{out: out, terminal: width != nil, width: width, now: now}
}

// Start begins a job of total steps, of which done are done already.
func (l *Line) Start(label string, done, total int) {
	if l == nil {
		return
	}
	l.End()
	l.label, l.total = label, total
	l.begun = l.now()
	l.drawn = l.begun
	l.marks = append(l.marks[:0], mark{l.begun, done, 0})
	l.last = ""
}

// Step says that done steps are done and that tokens more have been
// processed; note, such as the loss, stands at the end of the line. Before
// the first Start it does nothing.
func (l *Line) Step(done, tokens int, note string) {
	if l == nil || len(l.marks) == 0 {
		return
	}
	now := l.now()
	newest := l.marks[len(l.marks)-1]
	here := mark{now, done, newest.tokens + tokens}
	// Marks a twentieth of the window apart are enough; the newest moves.
	if len(l.marks) > 1 && now.Sub(l.marks[len(l.marks)-2].at) < window/20 {
		l.marks[len(l.marks)-1] = here
	} else {
		l.marks = append(l.marks, here)
	}
	for len(l.marks) > 2 && now.Sub(l.marks[1].at) > window {
		l.marks = l.marks[1:]
	}
	first := l.last == ""
	l.last = l.text(note)
	every := plain
	if l.terminal {
		every = redraw
	}
	if now.Sub(l.drawn) >= every || done == l.total || l.terminal && first {
		l.drawn = now
		l.draw()
	}
}

// Print puts a line of text above the progress line.
func (l *Line) Print(text string) {
	if l == nil {
		return
	}
	l.clear()
	fmt.Fprintln(l.out, terminal.Text(text))
	if l.terminal && l.last != "" {
		l.draw()
	}
}

// End ends the job and leaves its last line standing.
func (l *Line) End() {
	if l == nil || l.last == "" {
		return
	}
	if l.shown {
		l.draw() // the newest state, which may not have been due
		fmt.Fprintln(l.out)
		l.shown = false
	}
	l.last = ""
}

func (l *Line) draw() {
	if !l.terminal {
		fmt.Fprintln(l.out, l.last)
		return
	}
	fmt.Fprintf(l.out, "\r%s\x1b[K", clip(l.last, l.width()-1))
	l.shown = true
}

func (l *Line) clear() {
	if l.shown {
		fmt.Fprint(l.out, "\r\x1b[K")
		l.shown = false
	}
}

// text is the whole line: likelihood 120/2000  6%  12.3k tok/s  ETA 1m20s  loss 4.2
func (l *Line) text(note string) string {
	oldest, newest := l.marks[0], l.marks[len(l.marks)-1]
	parts := []string{fmt.Sprintf("%s %d/%d", l.label, newest.done, l.total)}
	if l.total > 0 {
		parts = append(parts, fmt.Sprintf("%d%%", 100*newest.done/l.total))
	}
	seconds := newest.at.Sub(oldest.at).Seconds()
	if seconds > 0 && newest.tokens > oldest.tokens {
		parts = append(parts, count(float64(newest.tokens-oldest.tokens)/seconds)+" tok/s")
	}
	switch steps := newest.done - oldest.done; {
	case newest.done >= l.total:
		parts = append(parts, "in "+duration(newest.at.Sub(l.begun)))
	case seconds > 0 && steps > 0:
		left := float64(l.total-newest.done) * seconds / float64(steps)
		parts = append(parts, "ETA "+duration(time.Duration(left*float64(time.Second))))
	}
	if note != "" {
		parts = append(parts, note)
	}
	return terminal.Line(strings.Join(parts, "  "))
}

// count writes a rate with three figures: 950, 12.3k, 4.56M.
func count(x float64) string {
	switch {
	case x >= 999.5e3:
		return fmt.Sprintf("%.3gM", x/1e6)
	case x >= 999.5:
		return fmt.Sprintf("%.3gk", x/1e3)
	}
	return fmt.Sprintf("%.0f", x)
}

// duration writes 9s, 1m20s, 2h05m or 3d04h.
func duration(d time.Duration) string {
	s := int(d.Round(time.Second) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	case s < 86400:
		return fmt.Sprintf("%dh%02dm", s/3600, s%3600/60)
	}
	return fmt.Sprintf("%dd%02dh", s/86400, s%86400/3600)
}

// clip cuts a line to the columns of the terminal, so that it does not wrap.
func clip(s string, columns int) string {
	if columns < 1 || utf8.RuneCountInString(s) <= columns {
		return s
	}
	return string([]rune(s)[:columns])
}
