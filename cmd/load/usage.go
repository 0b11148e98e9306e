package main

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of CPU times in /proc, the same on every Linux.
const clockTick = 10 * time.Millisecond

// usage is what the operating system says a process has used since its start.
// Memory is in bytes.
type usage struct {
	user     time.Duration
	system   time.Duration
	resident int64
	peak     int64 // of resident
}

// usageOf reads the usage of a process. Not measured is where there is no
// /proc of Linux.
func usageOf(p *process) (u usage, measured bool) {
	folder := "/proc/" + strconv.Itoa(p.command.Process.Pid)
	stat, err := os.ReadFile(folder + "/stat")
	if err != nil {
		return usage{}, false
	}
	status, err := os.ReadFile(folder + "/status")
	if err != nil {
		return usage{}, false
	}
	// The second field, the program's name in brackets, may hold anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return usage{}, false
	}
	u.user, u.system = ticks(fields[11]), ticks(fields[12])
	for line := range strings.Lines(string(status)) {
		switch name, value, _ := strings.Cut(line, ":"); name {
		case "VmRSS":
			u.resident = kibibytes(value)
		case "VmHWM":
			u.peak = kibibytes(value)
		}
	}
	return u, true
}

func ticks(text string) time.Duration {
	n, _ := strconv.ParseInt(text, 10, 64) // the kernel writes numbers
	return time.Duration(n) * clockTick
}

func kibibytes(text string) int64 {
	n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(text), " kB"), 10, 64) // the kernel writes numbers
	return n << 10
}
