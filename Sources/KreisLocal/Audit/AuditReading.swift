// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisCore
package import KreisInterchange

/// What a look over the audit log found.
package struct AuditReport: Hashable, Sendable {
  /// Whole lines.
  package fileprivate(set) var lines = 0
  /// The SHA-256 of the last line: who notes it elsewhere can prove later that nothing was cut off.
  package fileprivate(set) var last = ""
  /// Lines that a power cut tore, by their place in the file, from 1 on. What they would have said was
  /// not begun, or its end is not known.
  package fileprivate(set) var torn: [Int] = []
  /// The first line that does not fit, by its place in the file, and why.
  package fileprivate(set) var broken: (line: Int, reason: String)? {
    get { brokenLine.map { ($0, brokenReason) } }
    set { (brokenLine, brokenReason) = (newValue?.line, newValue?.reason ?? "") }
  }
  private var brokenLine: Int?
  private var brokenReason = ""

  package init() {}
}

extension AuditLog {
  /// Reads the log from its first line on and checks the chain.
  ///
  /// - Parameter visit: is given each whole line until the first that does not fit.
  /// - Throws: `CommandError` if it cannot be read.
  package func read(_ visit: (JSONValue) throws -> Void = { _ in }) throws -> AuditReport {
    guard FileManager.default.fileExists(atPath: path) else { return AuditReport() }
    guard let data = FileManager.default.contents(atPath: path) else { throw unreadable }
    var chain = AuditChain()
    let rest = try chain.take(whole: data) { line, _, _ in try visit(line.json) }
    // A file that somebody emptied has not even the end of a line.
    if !rest.isEmpty || data.isEmpty, let line = chain.take(rest) { try visit(line.json) }
    return chain.report(isOpen: !rest.isEmpty)
  }

  var unreadable: CommandError {
    CommandError(.notNow, "\(path) cannot be read. Run this as the daemon's user.")
  }
}

/// The check of an audit log, line by line.
struct AuditChain: Sendable {
  private var found = AuditReport()
  /// Of the last line.
  private(set) var hash = AuditLine.start
  private var number = 0
  private var isAfterTorn = false
  /// Lines that were taken, torn ones too.
  private var place = 0

  /// Whether a line did not fit; none is taken any more.
  var isBroken: Bool { found.broken != nil }

  /// - Returns: the line; `nil` if it was torn, or it or one before it does not fit.
  mutating func take(_ bytes: some Collection<UInt8>) -> AuditLine? {
    guard !isBroken else { return nil }
    place += 1
    guard let line = AuditLine(bytes) else {
      // Only a line behind it can tell whether this was a power cut: at the end it was.
      guard !isAfterTorn else {
        breakAtTorn()
        return nil
      }
      isAfterTorn = true
      found.torn.append(place)
      hash = Hash256(of: Array(bytes))
      return nil
    }
    if let reason = line.fault(after: hash, number, isAfterTorn: isAfterTorn) {
      if isAfterTorn { found.torn.removeLast() }
      found.broken = (isAfterTorn ? place - 1 : place, reason)
      return nil
    }
    found.lines += 1
    number = line.number
    hash = Hash256(of: Array(bytes))
    found.last = hash.description
    isAfterTorn = false
    return line
  }

  /// Takes all lines of `data` that have an end.
  ///
  /// - Parameter visit: is given each that fits, its hash, and which bytes of `data` it is.
  /// - Returns: what stands behind the last end of a line.
  mutating func take(
    whole data: Data, _ visit: (AuditLine, Hash256, Range<Int>) throws -> Void
  ) rethrows -> Data {
    var rest = data
    while let end = rest.firstIndex(of: 0x0A) {
      let bytes = rest[..<end]
      if let line = take(bytes) {
        let start = bytes.startIndex - data.startIndex
        try visit(line, hash, start..<start + bytes.count)
      }
      rest = rest[(end + 1)...]
    }
    return rest
  }

  private mutating func breakAtTorn() {
    guard let place = found.torn.popLast() else { return }
    found.broken = (place, "it cannot be read")
  }

  /// What was found, if nothing follows the lines that were taken.
  ///
  /// - Parameter isOpen: whether the last line has no end.
  func report(isOpen: Bool) -> AuditReport {
    var end = self
    if isAfterTorn, !isOpen, !isBroken { end.breakAtTorn() }
    return end.found
  }
}

extension AuditLine {
  /// Why the line cannot follow; `nil` if it can.
  fileprivate func fault(after hash: Hash256, _ number: Int, isAfterTorn: Bool) -> String? {
    guard isAfterTorn == self.isAfterTorn else {
      return isAfterTorn
        ? "it cannot be read" : "it says that the line before was torn, which it is not"
    }
    guard previous == hash.description else {
      return "it or the line before it was changed, taken out or put in"
    }
    guard self.number == number + 1 else { return "its number is not \(number + 1)" }
    return nil
  }
}
