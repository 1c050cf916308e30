package machine

import (
	"syscall"
	"unsafe"
)

// Number is the system's number for this machine, "" when it has none.
func Number() string {
	const wow64 = 0x0100 // KEY_WOW64_64KEY: the number is in the 64-bit view only
	path, err := syscall.UTF16PtrFromString(`SOFTWARE\Microsoft\Cryptography`)
	if err != nil {
		return ""
	}
	name, err := syscall.UTF16PtrFromString("MachineGuid")
	if err != nil {
		return ""
	}
	var key syscall.Handle
	err = syscall.RegOpenKeyEx(syscall.HKEY_LOCAL_MACHINE, path, 0, syscall.KEY_QUERY_VALUE|wow64, &key)
	if err != nil {
		return ""
	}
	defer syscall.RegCloseKey(key)
	var value [64]uint16
	size := uint32(len(value) * 2)
	if err := syscall.RegQueryValueEx(key, name, nil, nil, (*byte)(unsafe.Pointer(&value[0])), &size); err != nil {
		return ""
	}
	return syscall.UTF16ToString(value[:])
}
