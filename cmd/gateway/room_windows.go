package main

import "golang.org/x/sys/windows"

// roomAt is how many bytes this user can still write to the disk that a folder is on.
func roomAt(folder string) (free uint64, err error) {
	name, err := windows.UTF16PtrFromString(folder)
	if err == nil {
		err = windows.GetDiskFreeSpaceEx(name, &free, nil, nil)
	}
	return free, err
}
