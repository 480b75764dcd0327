// SPDX-License-Identifier: EUPL-1.2

import KreisFuzz

/// Changes input as libFuzzer does, from a seed that repeats it.
struct Mutator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// SplitMix64.
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  private static let longest = 65_536

  /// What parsers stumble over: limits of integers and lengths, ends of text, half characters.
  private static let pieces: [[UInt8]] = [
    [0], [0x7f], [0x80], [0xff], [0xff, 0xff, 0xff, 0xff],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02], [0x80, 0x00],
    [0xef, 0xbb, 0xbf], [0xff, 0xfe], [0xc3], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80],
    Array("\r\n".utf8), Array("\"".utf8), Array("\"\"".utf8), Array(";".utf8), Array(",".utf8),
    Array("\\ud800".utf8), Array("\\u0000".utf8), Array("1e999999999".utf8), Array("-0".utf8),
    Array("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[".utf8), Array("{\"a\":".utf8),
    Array("18446744073709551616".utf8), Array("9223372036854775808".utf8), Array("&a *a".utf8),
    Array("<<: *a\n".utf8), Array("e\u{301}".utf8), Array("\u{2028}".utf8), Array("%".utf8),
  ]

  /// A descendant of one of `seeds`, after one to eight changes.
  mutating func mutate(_ seeds: [[UInt8]]) -> [UInt8] {
    var bytes = seeds.randomElement(using: &self) ?? []
    for _ in 0..<Int.random(in: 1...8, using: &self) { change(&bytes, seeds) }
    return Array(bytes.prefix(Self.longest))
  }

  private mutating func change(_ bytes: inout [UInt8], _ seeds: [[UInt8]]) {
    let at = bytes.isEmpty ? 0 : Int.random(in: 0..<bytes.count, using: &self)
    let length = min(bytes.count - at, 1 << Int.random(in: 0...6, using: &self))
    switch Int.random(in: 0..<9, using: &self) {
    case 0 where !bytes.isEmpty: bytes[at] ^= 1 << UInt8.random(in: 0...7, using: &self)
    case 1 where !bytes.isEmpty: bytes[at] = UInt8.random(in: .min ... .max, using: &self)
    case 2: bytes.removeSubrange(at..<at + length)
    case 3: bytes.insert(contentsOf: bytes[at..<at + length], at: at)
    case 4: bytes.removeSubrange(at...)
    case 5:
      let other = seeds.randomElement(using: &self) ?? []
      let from = other.isEmpty ? 0 : Int.random(in: 0..<other.count, using: &self)
      bytes.replaceSubrange(at..., with: other[from...])
    case 6 where !bytes.isEmpty:
      bytes[at] = bytes[at] &+ UInt8.random(in: 253...255, using: &self) &+ 2
    default:
      let piece = Self.pieces.randomElement(using: &self) ?? []
      let replaced = Bool.random(using: &self) ? min(piece.count, bytes.count - at) : 0
      bytes.replaceSubrange(at..<at + replaced, with: piece)
    }
  }
}
