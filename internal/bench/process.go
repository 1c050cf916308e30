package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// process is a program that runs, with what /proc says of it meanwhile.
type process struct {
	cmd   *exec.Cmd
	out   bytes.Buffer // both outputs
	start time.Time

	peak int64 // KiB, the last that was seen of VmHWM
	quit chan struct{}
	wait sync.WaitGroup
}

// begin starts a program.
func begin(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, quit: make(chan struct{}), start: time.Now()}
	cmd.Stdout, cmd.Stderr = &p.out, &p.out
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	// The peak is gone with the process, so it is read until then, and at once: a quick program may have ended before the
	// other goroutine begins. That of getrusage would be ours where ours is larger.
	p.peak = peakOf(cmd.Process.Pid)
	p.wait.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			if kib := peakOf(cmd.Process.Pid); kib > 0 {
				p.peak = kib
			}
			select {
			case <-tick.C:
			case <-p.quit:
				return
			}
		}
	})
	return p, nil
}

// end waits for the program, and gives how long it ran.
func (p *process) end() (time.Duration, error) {
	err := p.cmd.Wait()
	took := time.Since(p.start)
	close(p.quit)
	p.wait.Wait()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", strings.Join(p.cmd.Args, " "), err, p.out.Bytes())
	}
	return took, err
}

// megabytes is the peak in MB of 10^6 bytes.
func (p *process) megabytes() float64 { return float64(p.peak) * 1024 / 1e6 }

// spent is the processor time of a running process, in steps of 10 ms.
func spent(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	return spentIn(string(text))
}

// spentIn reads user and system time out of /proc/PID/stat. The program's name, in parentheses, may hold anything.
func spentIn(stat string) time.Duration {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond
}

// peakOf is VmHWM of a process in KiB, or 0.
func peakOf(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	return peakIn(string(text))
}

func peakIn(status string) int64 {
	_, rest, _ := strings.Cut(status, "VmHWM:")
	line, _, _ := strings.Cut(rest, "\n")
	kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(line), " kB"), 10, 64)
	return kib
}
