package decisions

// few is how many values a dictionary compares one by one.
const few = 8

// A dictionary numbers values in order of first appearance.
type dictionary[T comparable] struct {
	values  []T
	numbers map[T]int // once there are more than few
	last    int
}

func (d *dictionary[T]) reset() {
	clear(d.values)
	d.values, d.last = d.values[:0], 0
	clear(d.numbers)
}

// number is the number of v, and whether v had one before.
func (d *dictionary[T]) number(v T) (n int, known bool) {
	if d.last < len(d.values) && d.values[d.last] == v {
		return d.last, true
	}
	if n, known = d.look(v); !known {
		n = len(d.values)
		d.values = append(d.values, v)
		if n >= few {
			d.index(n)
		}
	}
	d.last = n
	return n, known
}

func (d *dictionary[T]) look(v T) (n int, known bool) {
	if len(d.values) > few {
		n, known = d.numbers[v]
		return n, known
	}
	for n, other := range d.values {
		if other == v {
			return n, true
		}
	}
	return 0, false
}

// index makes the map of all values when there are just too many to compare, and takes the n-th in.
func (d *dictionary[T]) index(n int) {
	if d.numbers == nil {
		d.numbers = make(map[T]int)
	}
	from := n
	if n == few {
		from = 0
	}
	for i := from; i <= n; i++ {
		d.numbers[d.values[i]] = i
	}
}

// rename puts an equal value in the place of the n-th, and returns n.
func (d *dictionary[T]) rename(n int, v T) int {
	d.values[n] = v
	if d.numbers != nil {
		delete(d.numbers, v)
		d.numbers[v] = n
	}
	return n
}
