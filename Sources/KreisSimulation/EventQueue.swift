// SPDX-License-Identifier: EUPL-1.2

/// What is to happen, by virtual time; equal times in the order in which they were planned.
struct EventQueue {
  private struct Event {
    let at: UInt64
    let order: UInt64
    let action: () throws -> Void
  }

  private var heap: [Event] = []
  private var order: UInt64 = 0

  var count: Int { heap.count }

  /// - Parameter at: milliseconds.
  mutating func plan(at: UInt64, _ action: @escaping () throws -> Void) {
    order += 1
    heap.append(Event(at: at, order: order, action: action))
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard isEarlier(child, parent) else { break }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  mutating func next() -> (at: UInt64, action: () throws -> Void)? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      sink()
    }
    return (first.at, first.action)
  }

  private mutating func sink() {
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if isEarlier(child, least) { least = child }
      }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }

  private func isEarlier(_ left: Int, _ right: Int) -> Bool {
    (heap[left].at, heap[left].order) < (heap[right].at, heap[right].order)
  }
}
