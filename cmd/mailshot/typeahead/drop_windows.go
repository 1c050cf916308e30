package typeahead

import "golang.org/x/sys/windows"

func drop(fd uintptr) { _ = windows.FlushConsoleInputBuffer(windows.Handle(fd)) }
