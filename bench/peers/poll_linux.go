package main

import (
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A poll tells which descriptors can be read. It belongs to one goroutine, which is all that its
// process does: waiting holds the thread, without a word to Go's scheduler. That is what makes the
// generator and the upstream cost as little as their system calls do.
type poll struct {
	fd     int
	events [256]unix.EpollEvent
}

func newPoll() (*poll, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("making an epoll instance: %w", err)
	}
	return &poll{fd: fd}, nil
}

// add watches fd, which is called name in what wait returns.
func (p *poll) add(fd int, name int32) error {
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: name}
	if err := unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &ev); err != nil {
		return fmt.Errorf("watching a descriptor: %w", err)
	}
	return nil
}

// remove leaves fd alone again.
func (p *poll) remove(fd int) error {
	if err := unix.EpollCtl(p.fd, unix.EPOLL_CTL_DEL, fd, nil); err != nil {
		return fmt.Errorf("leaving a descriptor alone: %w", err)
	}
	return nil
}

// wait returns the descriptors that can be read, at the latest after d; below 0 it waits for good.
// A signal may end it early with none.
func (p *poll) wait(d time.Duration) ([]unix.EpollEvent, error) {
	var limit *unix.Timespec
	if d >= 0 {
		ts := unix.NsecToTimespec(int64(d))
		limit = &ts
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT2, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events[0])), uintptr(len(p.events)),
		uintptr(unsafe.Pointer(limit)), 0, 0)
	switch errno {
	case 0:
		return p.events[:n], nil
	case unix.EINTR:
		return nil, nil
	case unix.ENOSYS:
		return nil, fmt.Errorf("epoll_pwait2: %w: Linux 5.11 or newer is needed", errno)
	default:
		return nil, fmt.Errorf("epoll_pwait2: %w", errno)
	}
}

// punctual asks the kernel to end waits on time, and not up to 50 µs later.
func punctual() error {
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("asking for exact timers: %w", err)
	}
	return nil
}
