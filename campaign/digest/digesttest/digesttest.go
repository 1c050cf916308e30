// Package digesttest makes the definition of a later version, for tests. Call [Later].
package digesttest

import (
	"reflect"

	"mailshot/campaign/definition"
	"mailshot/campaign/digest"
)

// Later are the parts as a later version has them: one key more in each of the definition's structs, and a part more.
// No file gives them, but for the one at the path given.
func Later(parts []digest.Part, given string) []digest.Part {
	for i, p := range parts {
		parts[i].Value = withKey(p.Name, given, reflect.ValueOf(p.Value)).Interface()
	}
	value := ""
	if given == "later" {
		value = "given"
	}
	return append(parts, digest.Part{Name: "later", Value: value})
}

// withKey is a value of the definition with one key more, Later, in each struct.
func withKey(at, given string, v reflect.Value) reflect.Value {
	if _, is := v.Interface().(definition.Text); is {
		return v
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		to := withKey(at, given, v.Elem())
		p := reflect.New(to.Type())
		p.Elem().Set(to)
		return p
	case reflect.Slice:
		if v.IsNil() || v.Type().Elem().Kind() != reflect.Struct {
			return v
		}
		var all reflect.Value
		for i := range v.Len() {
			one := withKey(at, given, v.Index(i))
			if i == 0 {
				all = reflect.MakeSlice(reflect.SliceOf(one.Type()), 0, v.Len())
			}
			all = reflect.Append(all, one)
		}
		return all
	case reflect.Struct:
		fields := []reflect.StructField{{Name: "Later", Type: reflect.TypeFor[string]()}}
		values := []reflect.Value{reflect.ValueOf("")}
		if at == given {
			values[0] = reflect.ValueOf("given")
		}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			value := withKey(at+"."+f.Name, given, v.Field(i))
			fields, values = append(fields, reflect.StructField{Name: f.Name, Type: value.Type()}), append(values, value)
		}
		s := reflect.New(reflect.StructOf(fields)).Elem()
		for i, value := range values {
			s.Field(i).Set(value)
		}
		return s
	}
	return v
}
