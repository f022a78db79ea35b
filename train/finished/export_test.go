package finished

import "reflect"

// Settings is the type of the settings that are read of a run.
var Settings = reflect.TypeFor[settings]()
