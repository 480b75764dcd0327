// SPDX-License-Identifier: EUPL-1.2

import KreisCore

/// Which records each object of the catalogue was made of, so that a change of records makes anew just the
/// objects that they show in.
struct ObjectTrails: Sendable {
  /// What was looked at to make an object.
  struct Trail: Sendable {
    /// Records that were read, or looked for in vain.
    var reads: Set<RecordID> = []
    /// Records to which others were asked to refer.
    var asks: Set<RecordID> = []
  }

  private struct Numbers: Sendable {
    var reads: [Int32] = []
    var asks: [Int32] = []
  }

  private var numbers: [RecordID: Int32] = [:]
  private var ids: [RecordID] = []
  private var readers: [[Int32]] = []
  private var askers: [[Int32]] = []
  private var trails: [Int32: Numbers] = [:]

  private mutating func number(_ id: RecordID) -> Int32 {
    if let known = numbers[id] { return known }
    let number = Int32(ids.count)
    numbers[id] = number
    ids.append(id)
    readers.append([])
    askers.append([])
    return number
  }

  /// Whether anything that is served was made of this record, or with it in mind.
  func knows(_ id: RecordID) -> Bool { numbers[id] != nil }

  /// Notes of what an object was made, in place of what was known of it.
  ///
  /// - Parameter id: of its own record, on which it depends anyway.
  mutating func set(_ id: RecordID, _ trail: Trail) {
    let object = number(id)
    let before = trails[object] ?? Numbers()
    let now = Numbers(
      reads: trail.reads.filter { $0 != id }.map { number($0) }.sorted(),
      asks: trail.asks.filter { $0 != id }.map { number($0) }.sorted())
    if before.reads != now.reads { Self.change(&readers, object, before.reads, now.reads) }
    if before.asks != now.asks { Self.change(&askers, object, before.asks, now.asks) }
    trails[object] = now.reads.isEmpty && now.asks.isEmpty ? nil : now
  }

  private static func change(
    _ users: inout [[Int32]], _ object: Int32, _ before: [Int32], _ now: [Int32]
  ) {
    for number in before where !now.contains(number) {
      users[Int(number)].removeAll { $0 == object }
    }
    for number in now where !before.contains(number) { users[Int(number)].append(object) }
  }

  /// The records whose objects a change concerns, the changed ones included.
  ///
  /// - Parameters:
  ///   - records: which read otherwise now.
  ///   - owners: to which they refer, or did.
  func affected(by records: Set<RecordID>, owners: Set<RecordID>) -> Set<RecordID> {
    var out = records.union(owners)
    for id in records {
      guard let number = numbers[id] else { continue }
      for object in readers[Int(number)] { out.insert(ids[Int(object)]) }
    }
    for id in owners {
      guard let number = numbers[id] else { continue }
      for object in askers[Int(number)] { out.insert(ids[Int(object)]) }
    }
    return out
  }
}
