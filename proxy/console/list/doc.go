// Package list reads a list of people: a CSV file that says, row by row, who agreed to what and who left.
//
// A [File] is received whole and read as often as it takes. A [Mapping] says what its columns and its words mean; a
// [Layout] has, by that, the [Statement]s of each row. [Clashes] are what a list says twice, and of whom it says both.
// [Facts] are the other way round: what is known of somebody, as rows that can be read again.
//
// What is wrong with a list is an [input.Error] about one of its columns, or about all of it.
package list
