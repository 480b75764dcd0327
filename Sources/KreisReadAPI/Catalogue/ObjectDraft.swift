// SPDX-License-Identifier: EUPL-1.2

import Dispatch
import KreisCore
import KreisInterchange
import Synchronization

/// An object that was put together; the rest follows from what is here, on whichever core.
struct ObjectDraft: Sendable {
  let json: JSONValue
  /// `nil` for what is no record.
  let record: ExportRecord?
  /// That of a service at a place.
  let service: ExportRecord?
  /// What was served of it.
  let before: Catalogue.Item?
}

/// What of categories and organizations shows in the offers of others.
struct OfferContext: Sendable {
  /// Of categories, by their ids.
  var names: [String: String] = [:]
  var parents: [String: String] = [:]
  var taxonomies: [String: String] = [:]
  /// Organizations, by their ids.
  var owners: [String: OfferOwner] = [:]
}

/// An object as it is served, and what it is to others.
struct FinishedObject: Sendable {
  enum Meaning: Sendable {
    case nothing
    case term(taxonomy: String?, name: String?, parent: String?)
    case owner(OfferOwner)
    case offer(Offer, words: Set<String>)
  }

  let item: Catalogue.Item
  let meaning: Meaning

  var offer: (offer: Offer, words: Set<String>)? {
    if case .offer(let offer, let words) = meaning { (offer, words) } else { nil }
  }
}

/// Makes of drafts what is served.
struct ObjectFinisher: Sendable {
  let now: UInt64
  /// Whether families look for offers here.
  let hasPages: Bool
  let context: OfferContext

  func finish(_ draft: ObjectDraft, _ packer: ZstdPacker) -> FinishedObject {
    FinishedObject(item: item(draft, packer), meaning: meaning(of: draft))
  }

  func item(_ draft: ObjectDraft, _ packer: ZstdPacker) -> Catalogue.Item {
    let (json, record, service) = (draft.json, draft.record, draft.service)
    let full = JSONWriter.bytes(of: json)
    let words = ["name", "alternate_name", "description"].compactMap { name -> String? in
      if case .string(let text)? = json[name] { text } else { service?[name] }
    }
    let hash = Hash256(of: full)
    return Catalogue.Item(
      id: json["id"]?.text ?? "",
      // Not when its author wrote it: what a town wrote offline becomes visible long after.
      modified: draft.before.flatMap { $0.hash == hash ? $0.modified : nil } ?? now, hash: hash,
      packed: packer.compress(full, level: 1),
      words: words.joined(separator: "\n").lowercased(),
      organization: record?["organization_id"] ?? service?["organization_id"],
      taxonomy: json["taxonomy_id"]?.text, parent: record?["parent_id"],
      terms: Set((service ?? record)?.elements("categories") ?? []))
  }

  /// What pages, and lists of categories, need of what is served.
  private func meaning(of draft: ObjectDraft) -> FinishedObject.Meaning {
    guard let record = draft.record else { return .nothing }
    let object = ServedObject(draft.json)
    if record.kind.name == "taxonomy_term" {
      return .term(
        taxonomy: record["taxonomy"], name: object.text("name"), parent: object.text("parent_id"))
    }
    guard hasPages else { return .nothing }
    let topics = Set(record.elements("categories"))
    switch record.kind.name {
    case "organization":
      return .owner(
        OfferOwner(
          object, topics: topics, topicNames: topics.compactMap { context.names[$0] }))
    case "service":
      let owner = object.text("organization_id").flatMap { context.owners[$0] }
      let all = topics.union(owner?.topics ?? [])
      return Offer(object, topics: all, of: owner).map {
        .offer(
          $0, words: $0.words(of: object, topicNames: all.compactMap { context.names[$0] }))
      } ?? .nothing
    default: return .nothing
    }
  }
}

/// Finishes objects on another core while their drafts are made on this one, which helps when the other
/// does not keep up.
final class FinishingLine {
  private let finisher: ObjectFinisher
  private var drafts: [ObjectDraft] = []
  private var finished: [FinishedObject] = []
  private var running: Group?

  private static let groupSize = 256

  /// Drafts that are being finished elsewhere.
  private final class Group: Sendable {
    private let finished = Mutex<[FinishedObject]?>(nil)
    private let end = DispatchSemaphore(value: 0)

    init(_ drafts: [ObjectDraft], _ finisher: ObjectFinisher) {
      DispatchQueue.global().async { [self] in
        let all = FinishingLine.finish(drafts, finisher)
        finished.withLock { $0 = all }
        end.signal()
      }
    }

    /// `nil` while they are not finished.
    var result: [FinishedObject]? { finished.withLock { $0 } }

    /// Waits for the end; to be asked once.
    func wait() -> [FinishedObject] {
      end.wait()
      return result ?? []
    }
  }

  init(_ finisher: ObjectFinisher) { self.finisher = finisher }

  private static func finish(
    _ drafts: [ObjectDraft], _ finisher: ObjectFinisher
  ) -> [FinishedObject] {
    let packer = ZstdPacker()
    return drafts.map { finisher.finish($0, packer) }
  }

  func add(_ draft: ObjectDraft) {
    drafts.append(draft)
    guard drafts.count == Self.groupSize else { return }
    if let running {
      if let result = running.result {
        finished += result
        self.running = Group(drafts, finisher)
      } else {
        finished += Self.finish(drafts, finisher)
      }
    } else {
      running = Group(drafts, finisher)
    }
    drafts.removeAll(keepingCapacity: true)
  }

  /// All, in no order.
  func end() -> [FinishedObject] {
    finished += Self.finish(drafts, finisher)
    if let running { finished += running.wait() }
    (drafts, running) = ([], nil)
    return finished
  }
}
