// SPDX-License-Identifier: EUPL-1.2

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Which offers have which words. A part of a word is looked for in the list of all words, which is much
/// shorter than the texts that they are from.
struct OfferWords: Sendable {
  private var numbers: [String: Int32] = [:]
  /// All words one after the other, the end of a line after each and a zero at last.
  private var text: [CChar] = [0]
  /// Where each begins.
  private var starts: [Int32] = []
  /// The offers with each.
  private var users: [[Int32]] = []
  /// The words of each offer.
  private var own: [[Int32]] = []

  /// Takes an offer's words in place of those it had.
  mutating func set(_ slot: Int32, _ words: Set<String>) {
    while own.count <= Int(slot) { own.append([]) }
    for word in own[Int(slot)] { users[Int(word)].removeAll { $0 == slot } }
    own[Int(slot)] = words.map { number($0) }
    for word in own[Int(slot)] { users[Int(word)].append(slot) }
  }

  private mutating func number(_ word: String) -> Int32 {
    if let known = numbers[word] { return known }
    let number = Int32(starts.count)
    numbers[word] = number
    text.removeLast()
    starts.append(Int32(text.count))
    text += word.utf8.lazy.map { CChar(bitPattern: $0) }
    text += [CChar(bitPattern: UInt8(ascii: "\n")), 0]
    users.append([])
    return number
  }

  /// The offers with a word of which this is a part.
  func slots(containing part: String) -> BitSet {
    var out = BitSet()
    guard !part.isEmpty else { return out }
    text.withUnsafeBufferPointer { text in
      guard let base = text.baseAddress else { return }
      var place = 0
      while let found = strstr(base + place, part) {
        let word = word(at: UnsafePointer(found) - base)
        for slot in users[word] { out.insert(slot) }
        guard word + 1 < starts.count else { return }
        place = Int(starts[word + 1])
      }
    }
    return out
  }

  /// The word that stands at this byte.
  private func word(at byte: Int) -> Int {
    var (low, high) = (0, starts.count)
    while low + 1 < high {
      let middle = (low + high) / 2
      if Int(starts[middle]) <= byte { low = middle } else { high = middle }
    }
    return low
  }
}
