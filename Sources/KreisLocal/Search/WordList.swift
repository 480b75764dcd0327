// SPDX-License-Identifier: EUPL-1.2

/// All words of a directory, and where they stand. Words are plain: lower case, umlauts written out.
struct WordList {
  /// How well a word fits one that was typed.
  enum Fit: Int, Comparable {
    case misspelled = 1
    case inside, beginning, equal

    static func < (left: Fit, right: Fit) -> Bool { left.rawValue < right.rawValue }
  }

  private struct Word {
    var bytes: [UInt8]
    /// Slots of the items that have it, ascending.
    var slots: [Int32]

    /// Where a slot stands, or is to stand.
    func place(of slot: Int32) -> Int {
      // Whoever reads a directory comes with ever higher ones.
      guard let last = slots.last, last >= slot else { return slots.count }
      var (low, high) = (0, slots.count - 1)
      while low < high {
        let middle = (low + high) / 2
        if slots[middle] < slot { low = middle + 1 } else { high = middle }
      }
      return low
    }
  }

  /// What tells most words apart at a look: how long it is, and which letters it has.
  private struct Shape {
    let length: Int32
    /// A bit of each letter; digits share five, all else one.
    let letters: UInt32

    init(_ bytes: [UInt8]) {
      length = Int32(truncatingIfNeeded: bytes.count)
      letters = bytes.reduce(0) { letters, byte in
        switch byte {
        case 0x61...0x7A: letters | 1 << UInt32(byte - 0x61)
        case 0x30...0x39: letters | 1 << UInt32(26 + (byte - 0x30) % 5)
        default: letters | 1 << 31
        }
      }
    }
  }

  private var words: [Word] = []
  /// Of each word.
  private var shapes: [Shape] = []
  private var numbers: [[UInt8]: Int32] = [:]
  /// Numbers of words that nothing has any more: what was erased must not stay in memory (I7).
  private var free: [Int32] = []

  /// Notes that an item has a word.
  ///
  /// - Returns: the word's number.
  mutating func add(_ text: String, slot: Int32) -> Int32 {
    let bytes = Array(text.utf8)
    if let number = numbers[bytes] {
      let place = words[Int(number)].place(of: slot)
      let isKnown =
        place < words[Int(number)].slots.count && words[Int(number)].slots[place] == slot
      if !isKnown { words[Int(number)].slots.insert(slot, at: place) }
      return number
    }
    let word = Word(bytes: bytes, slots: [slot])
    let number: Int32
    if let old = free.popLast() {
      number = old
      words[Int(old)] = word
      shapes[Int(old)] = Shape(bytes)
    } else {
      number = Int32(truncatingIfNeeded: words.count)
      words.append(word)
      shapes.append(Shape(bytes))
    }
    numbers[bytes] = number
    return number
  }

  /// Takes the words of another list, whose slots come behind all that are here.
  ///
  /// - Parameter first: the slot here of the other's slot 0.
  /// - Returns: by the other's numbers the ones here.
  mutating func join(_ other: WordList, from first: Int32) -> [Int32] {
    other.words.map { word in
      let slots = word.slots.map { $0 + first }
      if let number = numbers[word.bytes] {
        words[Int(number)].slots += slots
        return number
      }
      let number = Int32(truncatingIfNeeded: words.count)
      words.append(Word(bytes: word.bytes, slots: slots))
      shapes.append(Shape(word.bytes))
      numbers[word.bytes] = number
      return number
    }
  }

  mutating func remove(_ number: Int32, slot: Int32) {
    let place = words[Int(number)].place(of: slot)
    if place < words[Int(number)].slots.count, words[Int(number)].slots[place] == slot {
      words[Int(number)].slots.remove(at: place)
    }
    guard words[Int(number)].slots.isEmpty else { return }
    numbers[words[Int(number)].bytes] = nil
    words[Int(number)].bytes = []
    shapes[Int(number)] = Shape([])
    free.append(number)
  }

  func slots(of number: Int32) -> [Int32] { words[Int(number)].slots }

  /// The words that fit what was typed, with how well they do. Misspelled ones only where no other
  /// fits.
  func matches(_ typed: String) -> [(number: Int32, fit: Fit)] {
    let wanted = Array(typed.utf8)
    guard !wanted.isEmpty else { return [] }
    let shape = Shape(wanted)
    var found: [(number: Int32, fit: Fit)] = []
    for (index, own) in shapes.enumerated()
    where own.length >= shape.length && shape.letters & ~own.letters == 0 {
      guard let fit = Self.fit(words[index].bytes, wanted) else { continue }
      found.append((Int32(truncatingIfNeeded: index), fit))
    }
    guard found.isEmpty, let tolerance = Self.tolerance(wanted) else { return found }
    let shortest = Int(shape.length) - tolerance
    for (index, own) in shapes.enumerated()
    // Each letter that the word lacks is an error of its own.
    where own.length >= shortest && (shape.letters & ~own.letters).nonzeroBitCount <= tolerance {
      guard Self.isLike(words[index].bytes, wanted, tolerance) else { continue }
      found.append((Int32(truncatingIfNeeded: index), .misspelled))
    }
    return found
  }

  private static func fit(_ word: [UInt8], _ wanted: [UInt8]) -> Fit? {
    if word.starts(with: wanted) { return word.count == wanted.count ? .equal : .beginning }
    // Of compounds the end is looked for as often: „beratung“ in „erziehungsberatung“.
    guard wanted.count >= 3, word.count > wanted.count else { return nil }
    for start in 1...(word.count - wanted.count)
    where word[start] == wanted[0] && word[start...].starts(with: wanted) {
      return .inside
    }
    return nil
  }

  /// Errors that a word of this length may have. Numbers are typed as they are.
  private static func tolerance(_ wanted: [UInt8]) -> Int? {
    guard !wanted.contains(where: { (0x30...0x39).contains($0) }) else { return nil }
    return wanted.count >= 8 ? 2 : wanted.count >= 4 ? 1 : nil
  }

  /// Whether the word, or its beginning, is what was typed with at most so many errors: letters left
  /// out, added, changed, or two neighbours swapped.
  private static func isLike(_ word: [UInt8], _ wanted: [UInt8], _ tolerance: Int) -> Bool {
    guard word.count + tolerance >= wanted.count else { return false }
    // The first letter is rarely wrong, the second still less often together with it.
    guard
      word.first == wanted.first || word.dropFirst().first == wanted.dropFirst().first
        || word.first == wanted.dropFirst().first
    else { return false }
    let end = min(word.count, wanted.count + tolerance)
    var beforeLast: [Int] = []
    var last = Array(0...end)
    for row in wanted.indices {
      var current = [row + 1]
      current.reserveCapacity(end + 1)
      var least = row + 1
      for column in 0..<end {
        let isSame = wanted[row] == word[column]
        var cost = min(current[column] + 1, last[column + 1] + 1, last[column] + (isSame ? 0 : 1))
        if row > 0, column > 0, wanted[row] == word[column - 1], wanted[row - 1] == word[column] {
          cost = min(cost, beforeLast[column - 1] + 1)
        }
        least = min(least, cost)
        current.append(cost)
      }
      guard least <= tolerance else { return false }
      (beforeLast, last) = (last, current)
    }
    return last.contains { $0 <= tolerance }
  }
}
