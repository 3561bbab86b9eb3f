// Package input reads what people and programs give to the console: the fields of a JSON body, of a query, of a row in
// a list. It reads strictly, in good time whatever it is given, and each [Error] names the field that is wrong.
package input
