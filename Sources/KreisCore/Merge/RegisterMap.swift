// SPDX-License-Identifier: EUPL-1.2

/// Values by register, ascending. A record has few, so that finding one takes less than hashing it
/// would, and everybody who lists them does so in one order.
package struct RegisterMap<Value> {
  package typealias Element = (key: Register, value: Value)

  /// Ascending, each register once.
  private var items: [Element]

  package init() { items = [] }

  /// - Precondition: `items` are in ascending order, each register once.
  init(ascending items: [Element]) { self.items = items }

  package var keys: [Register] { items.map(\.key) }
  package var values: [Value] { items.map(\.value) }

  package subscript(register: Register) -> Value? {
    get {
      let index = place(of: register)
      return index < items.count && items[index].key == register ? items[index].value : nil
    }
    set {
      let index = place(of: register)
      let isThere = index < items.count && items[index].key == register
      switch (newValue, isThere) {
      case (let value?, true): items[index].value = value
      case (let value?, false) where index == items.count: items.append((register, value))
      case (let value?, false): items.insert((register, value), at: index)
      case (nil, true): items.remove(at: index)
      case (nil, false): break
      }
    }
  }

  /// What stands under the registers of one field: one value, or one for each element of a set.
  package subscript(tag tag: UInt32) -> ArraySlice<Element> {
    let first = place(of: Register(tag: tag))
    return items[first...].prefix { $0.key.tag == tag }
  }

  package func compactMapValues<T>(_ transform: (Value) throws -> T?) rethrows -> RegisterMap<T> {
    RegisterMap<T>(
      ascending: try items.compactMap { item in
        try transform(item.value).map { (item.key, $0) }
      })
  }

  /// The first index whose register is not lower.
  private func place(of register: Register) -> Int {
    // What is built in order is asked for at its end.
    guard let last = items.last, !(last.key < register) else { return items.count }
    var (low, high) = (0, items.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if items[middle].key < register { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension RegisterMap: Sequence {
  package func makeIterator() -> IndexingIterator<[Element]> { items.makeIterator() }
  package var underestimatedCount: Int { items.count }
  package var count: Int { items.count }
  package var isEmpty: Bool { items.isEmpty }
}

extension RegisterMap: Equatable where Value: Equatable {
  package static func == (left: Self, right: Self) -> Bool {
    left.elementsEqual(right) { $0 == $1 }
  }
}

extension RegisterMap: Hashable where Value: Hashable {
  package func hash(into hasher: inout Hasher) {
    hasher.combine(count)
    for (register, value) in items {
      hasher.combine(register)
      hasher.combine(value)
    }
  }
}

extension RegisterMap: Sendable where Value: Sendable {}
