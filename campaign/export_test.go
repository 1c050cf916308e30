package campaign

import (
	"reflect"

	"mailshot/campaign/definition"
)

// AddLaterKeys makes this build one of a later version, whose definition has a key more in each of its structs, and a
// part more. No file gives them, but for the one at the path given.
func (c *Campaign) AddLaterKeys(given string) {
	c.inputs = func(d *definition.Definition) []part {
		parts := inputs(d)
		for i, p := range parts {
			parts[i].value = withKey(p.name, given, reflect.ValueOf(p.value)).Interface()
		}
		value := ""
		if given == "later" {
			value = "given"
		}
		return append(parts, part{"later", value})
	}
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
