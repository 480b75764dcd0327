// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange

/// What is open at a time, by the schedules in the index.
struct Openings {
  private let content: IndexContent
  private let now: LocalTime
  private let holidays: SchoolHolidays

  init(_ content: IndexContent, at now: LocalTime) {
    (self.content, self.now) = (content, now)
    let ranges = (try? Schema.directory.kind(named: "school_holiday")).map { kind in
      content.ordered(kind).compactMap { content[slot: $0]?.holidays }
    }
    holidays = SchoolHolidays(ranges ?? [])
  }

  func isOpen(_ item: IndexContent.Item) -> Bool {
    hours(of: item).contains { hours in
      // Most are told apart by the time of day alone.
      hours.covers(minute: now.minute) && hours.next(at: now, except: holidays)?.isNow == true
    }
  }

  /// The opening that is going on or comes next: `{"text","now"}`; `nil` if there is none.
  func next(of item: IndexContent.Item) -> JSONValue? {
    hours(of: item).next(at: now, except: holidays).map { hours, opening in
      [
        "text": .string(hours.text(of: opening, isMarked: false)), "now": .bool(opening.isNow),
      ]
    }
  }

  /// Those of the item, its offers, its places and its offers' places; not those of single persons.
  private func hours(of item: IndexContent.Item) -> [OfficeHours] {
    var out: [OfficeHours] = []
    func add(_ id: RecordID, _ depth: Int) {
      for other in content.naming(id) {
        if let hours = other.hours { out.append(hours) }
        if depth > 0, ["service", "location", "service_at_location"].contains(other.kind.name) {
          add(other.id, depth - 1)
        }
      }
    }
    add(item.id, 2)
    return out
  }
}
