//go:build !windows

package main

import "syscall"

// roomAt is how many bytes this user can still write to the disk that a folder is on.
func roomAt(folder string) (uint64, error) {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(folder, &disk); err != nil {
		return 0, err
	}
	return disk.Bavail * uint64(disk.Bsize), nil
}
