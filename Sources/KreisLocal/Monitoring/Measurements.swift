// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What a hub notes from time to time, to show how it went: how far each town was behind, and how long
/// the log was. No person and nothing of the directory; two weeks of it, in a file of the state directory.
///
/// Losing it loses a drawing: nothing waits until it is durable, and a line that a crash tore is passed
/// over.
struct Measurements: Sendable {
  struct Sample: Hashable, Sendable {
    /// Seconds since 1970.
    let at: UInt64
    /// Entries of all logs that the hub holds.
    let entries: UInt64
    /// Entries that a town lacks, by its name; who lacks none is left out.
    let lags: [String: UInt64]
  }

  /// Seconds for which samples are kept.
  static let period: UInt64 = 14 * 86_400
  /// Seconds between two of them.
  static let interval: UInt64 = 600
  /// Towns in one sample, those that lack most.
  static let townLimit = 200
  private static let sampleLimit = Int(period / interval) + 1
  /// Samples that are too old may stay for a day, so that the file is seldom written anew.
  private static let slack = 144

  let path: String
  private let cache: MeasurementCache

  /// - Parameter directory: the state directory.
  init(in directory: String, cache: MeasurementCache = MeasurementCache()) {
    path = directory + "/measurements.ndjson"
    self.cache = cache
  }

  /// The samples not older than two weeks, the oldest first.
  ///
  /// - Parameter now: seconds since 1970.
  func samples(at now: UInt64) -> [Sample] {
    let all = cache.samples(of: path) {
      lines().suffix(Self.sampleLimit).compactMap { line in Self.sample(line) }
    }
    return all.filter { $0.at <= now && now - $0.at <= Self.period }
  }

  /// Notes a sample, and removes what is too old.
  ///
  /// - Throws: a Cocoa error if the file cannot be written.
  func note(_ sample: Sample) throws {
    let lags = sample.lags.filter { $0.value > 0 }.sorted {
      ($1.value, $0.key) < ($0.value, $1.key)
    }
    .prefix(Self.townLimit).map { JSONValue.Member($0.key, .integer(Int(clamping: $0.value))) }
    let json: JSONValue = [
      "at": .integer(Int(clamping: sample.at)), "entries": .integer(Int(clamping: sample.entries)),
      "lags": .object(lags),
    ]
    var kept = lines()
    kept.append(Data(JSONWriter.bytes(of: json))[...])
    if kept.count > Self.sampleLimit + Self.slack {
      let fresh = kept.suffix(Self.sampleLimit).filter { line in
        Self.sample(line).map { $0.at <= sample.at && sample.at - $0.at <= Self.period } ?? false
      }
      try Data(fresh.flatMap { $0 + [0x0A] }).write(to: URL(filePath: path), options: .atomic)
      return
    }
    let isNew = !FileManager.default.fileExists(atPath: path)
    if isNew { try Data().write(to: URL(filePath: path)) }
    let file = try FileHandle(forWritingTo: URL(filePath: path))
    defer { try? file.close() }
    // A torn line before it ends here.
    try file.seekToEnd()
    try file.write(contentsOf: Data((isNew ? [] : [0x0A]) + JSONWriter.bytes(of: json)))
  }

  private func lines() -> [Data.SubSequence] {
    (FileManager.default.contents(atPath: path) ?? Data()).split(separator: 0x0A)
  }

  private static func sample(_ line: Data.SubSequence) -> Sample? {
    guard let json = try? JSONParser.parse(Array(line), limit: 65_536),
      let at = json["at"]?.unsigned, let entries = json["entries"]?.unsigned,
      case .object(let members)? = json["lags"]
    else { return nil }
    let lags = members.compactMap { member in member.value.unsigned.map { (member.name, $0) } }
    return Sample(at: at, entries: entries, lags: Dictionary(lags) { first, _ in first })
  }
}

/// What the file held: it is read with each overview, and written every ten minutes.
final class MeasurementCache: Sendable {
  /// By which a file that was written since is told.
  private struct FileState: Equatable {
    let size: Int
    let seconds: Int
    let nanoseconds: Int

    init?(_ path: String) {
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      size = Int(status.st_size)
      seconds = status.st_mtim.tv_sec
      nanoseconds = status.st_mtim.tv_nsec
    }
  }

  private let last = Mutex<(state: FileState, samples: [Measurements.Sample])?>(nil)

  func samples(
    of path: String, read: () -> [Measurements.Sample]
  ) -> [Measurements.Sample] {
    guard let state = FileState(path) else { return [] }
    if let last = last.withLock({ $0 }), last.state == state { return last.samples }
    let samples = read()
    // One that is written meanwhile is of another state, and read again.
    last.withLock { $0 = (state, samples) }
    return samples
  }
}
