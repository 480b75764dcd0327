// SPDX-License-Identifier: EUPL-1.2

import Crypto
import Foundation
import KreisCore
import KreisStore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Looks for values where they must not be, in every form in which they could lie there: proof of an
/// erasure, and of who was sent what (I7).
package struct MarkerScan: Sendable {
  /// How a marker was found.
  package enum Form: String, CaseIterable, Hashable, Sendable {
    case utf8, utf16LittleEndian, utf16BigEndian, base64, hex
    /// A hash of the value without salt, which would let somebody try names.
    case unsaltedHash
    /// 16 bytes of salt, without which a commitment proves nothing.
    case salt
  }

  package struct Finding: Hashable, Sendable {
    package let marker: String
    package let form: Form
    /// Whether inside a Zstandard frame.
    package let isCompressed: Bool
    package let place: String
  }

  package private(set) var findings: Set<Finding> = []
  package private(set) var files = 0
  package private(set) var bytes = 0
  package private(set) var frames = 0
  private var patterns: [(marker: String, form: Form, bytes: [UInt8])] = []
  /// By the first two bytes: whether any pattern begins so, and which.
  private var starts = [Bool](repeating: false, count: 65_536)
  private var byStart: [Int: [Int]] = [:]

  /// Bytes of a frame's content; more is no message of this program.
  private static let frameLimit = 64 << 20

  /// - Parameters:
  ///   - markers: texts that occur nowhere by chance; letters of ASCII.
  ///   - salts: of values that must be gone.
  package init(_ markers: [String], salts: [[UInt8]] = []) {
    for marker in markers {
      let utf8 = Array(marker.utf8)
      add(marker, .utf8, utf8)
      add(marker, .utf16LittleEndian, utf8.flatMap { [$0, 0] })
      add(marker, .utf16BigEndian, utf8.flatMap { [0, $0] })
      add(marker, .unsaltedHash, Array(SHA256.hash(data: utf8)))
      for encoding in encodings(of: utf8) { add(marker, encoding.form, encoding.bytes) }
    }
    for salt in salts {
      let name = "salt " + Self.hex(salt)
      add(name, .salt, salt)
      for encoding in encodings(of: salt) { add(name, encoding.form, encoding.bytes) }
    }
  }

  private mutating func add(_ marker: String, _ form: Form, _ bytes: [UInt8]) {
    let key = Int(bytes[0]) << 8 | Int(bytes[1])
    starts[key] = true
    byStart[key, default: []].append(patterns.count)
    patterns.append((marker, form, bytes))
  }

  private func encodings(of bytes: [UInt8]) -> [(form: Form, bytes: [UInt8])] {
    var out: [(form: Form, bytes: [UInt8])] = [
      (.hex, Array(Self.hex(bytes).utf8)), (.hex, Array(Self.hex(bytes).uppercased().utf8)),
    ]
    // What of the text does not depend on its neighbours, at each of the three places in a group.
    for offset in 0..<3 {
      let text = Data([UInt8](repeating: 0, count: offset) + bytes).base64EncodedString()
      let own = Array(text.utf8).prefix((offset + bytes.count) * 8 / 6)
        .dropFirst((offset * 8 + 5) / 6)
      out.append((.base64, Array(own)))
      let forURLs = own.map { $0 == 0x2B ? 0x2D : $0 == 0x2F ? 0x5F : $0 }
      if forURLs != Array(own) { out.append((.base64, forURLs)) }
    }
    return out
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  // MARK: - Scanning

  /// Scans bytes, and every Zstandard frame in them.
  package mutating func scan(_ data: [UInt8], _ place: String) {
    bytes += data.count
    search(data, place, isCompressed: false)
    for at in Self.frames(in: data) {
      guard let content = Self.content(ofFrameAt: at, in: data) else { continue }
      frames += 1
      search(content, place, isCompressed: true)
    }
  }

  /// Scans a file, its name included.
  package mutating func scan(file: String) {
    search(Array(file.utf8), "the name of \(file)", isCompressed: false)
    guard let data = FileManager.default.contents(atPath: file) else { return }
    files += 1
    scan(Array(data), file)
  }

  /// Scans every regular file below a directory.
  package mutating func scan(tree: String) {
    guard let walk = FileManager.default.enumerator(atPath: tree) else { return }
    for case let name as String in walk {
      let path = tree + "/" + name
      var status = stat()
      guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
      scan(file: path)
    }
  }

  /// Scans files that a process holds open without a name, such as temporary ones.
  package mutating func scan(openFilesOf process: Int32) {
    let folder = "/proc/\(process)/fd"
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
      let link = folder + "/" + name
      var status = stat()
      guard stat(link, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 0
      else { continue }
      scan(file: link)
    }
  }

  /// Looks for all patterns in one pass, by their first two bytes.
  private mutating func search(_ data: [UInt8], _ place: String, isCompressed: Bool) {
    var found: Set<Int> = []
    data.withUnsafeBytes { bytes in
      starts.withUnsafeBufferPointer { starts in
        var at = 0
        while at + 1 < bytes.count {
          let key = Int(bytes[at]) << 8 | Int(bytes[at + 1])
          if starts[key] {
            for index in byStart[key] ?? [] where !found.contains(index) {
              let pattern = patterns[index].bytes
              guard at + pattern.count <= bytes.count else { continue }
              if bytes[at..<at + pattern.count].elementsEqual(pattern) { found.insert(index) }
            }
          }
          at += 1
        }
      }
    }
    for index in found {
      findings.insert(
        Finding(
          marker: patterns[index].marker, form: patterns[index].form, isCompressed: isCompressed,
          place: place))
    }
  }

  private static func frames(in data: [UInt8]) -> [Int] {
    data.withUnsafeBytes { bytes in
      var out: [Int] = []
      var at = 0
      while at + 3 < bytes.count {
        if bytes[at] == 0x28, bytes[at + 1] == 0xB5, bytes[at + 2] == 0x2F, bytes[at + 3] == 0xFD {
          out.append(at)
        }
        at += 1
      }
      return out
    }
  }

  private static func content(ofFrameAt start: Int, in data: [UInt8]) -> [UInt8]? {
    data[start...].withUnsafeBytes { bytes -> [UInt8]? in
      guard let frame = ZstdDictionary.frame(in: bytes),
        let length = ZstdDictionary.contentSize(frame), length <= frameLimit
      else { return nil }
      var content = [UInt8](repeating: 0, count: length)
      // A frame that was made without a dictionary is read with any.
      let isWhole = content.withUnsafeMutableBytes {
        PackedBlock.dictionary.decompress(frame, into: $0)
      }
      return isWhole ? content : nil
    }
  }
}
