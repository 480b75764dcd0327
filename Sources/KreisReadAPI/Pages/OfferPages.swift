// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisInterchange
import KreisPages

/// What the pages show.
extension PublicPages {
  private static let pageSize = 20
  /// Offers of one organization on its page.
  private static let offerLimit = 200

  // MARK: - Search

  func offers(_ wish: OfferWish, _ catalogue: Catalogue, _ frame: PageFrame) -> View {
    let index = catalogue.offers
    let found = index.found(wish, at: frame.local)
    let pages = max(1, (found.count + Self.pageSize - 1) / Self.pageSize)
    let number = min(wish.page, pages)
    let start = (number - 1) * Self.pageSize
    let shown = found.offers(start..<start + Self.pageSize)
    let address = { (page: Int) -> String in "\(frame.root)/angebote\(wish.query(page: page))" }
    return [
      "stamp": frame.stamp, "printed": Self.printed(wish, index) as Any? ?? false,
      "q": wish.text, "open": wish.isOpen, "isSearch": !wish.text.isEmpty || wish.isChosen,
      "isChosen": wish.isChosen, "ages": Self.ages(wish),
      "topics": index.topics.map { topic -> View in
        ["id": topic.id, "name": topic.name, "chosen": topic.id == wish.topic]
      },
      "places": index.places.map { place -> View in
        ["name": place, "chosen": place == wish.place]
      },
      "count": found.count.counted("Angebot", "Angebote"), "isEmpty": found.count == 0,
      "hits": shown.map { hit($0, index, frame) }, "hasPages": pages > 1, "page": number,
      "pages": pages, "previous": number > 1 ? address(number - 1) as Any : false,
      "next": number < pages ? address(number + 1) as Any : false,
    ]
  }

  /// By what the list was made, for whoever has it on paper; `nil`: by nothing.
  private static func printed(_ wish: OfferWish, _ index: OfferIndex) -> String? {
    let age = ages(wish).first { $0["chosen"] as? Bool == true }?["name"] as? String
    let topic = index.topics.first { $0.id == wish.topic }?.name
    let parts: [String?] = [
      wish.text.isEmpty ? nil : "Stichwort „\(wish.text)“", age.map { "Alter: \($0)" },
      topic.map { "Thema: \($0)" }, wish.place.isEmpty ? nil : "Ort: \(wish.place)",
      wish.isOpen ? "jetzt geöffnet" : nil,
    ]
    let known = parts.compactMap(\.self)
    return known.isEmpty ? nil : "Ausgewählt: " + known.joined(separator: "; ")
  }

  private static func ages(_ wish: OfferWish) -> [View] {
    let years = OfferWish.ages.map { age -> (String, String) in
      (String(age), age == 0 ? "unter 1 Jahr" : age.counted("Jahr", "Jahre"))
    }
    return ([("schwanger", "Schwangerschaft")] + years).map { key, name in
      ["key": key, "name": name, "chosen": key == wish.ageKey]
    }
  }

  private func hit(_ offer: Offer, _ index: OfferIndex, _ frame: PageFrame) -> View {
    let opening = offer.opening(at: frame.local, except: index.holidays)
    let age = Self.ageText(offer.lowestAge, offer.highestAge, offer.isFromPregnancy)
    return [
      "address": "\(frame.root)/angebot/\(offer.id)", "name": offer.name,
      "organization": offer.organization.isEmpty ? false : offer.organization as Any,
      "place": offer.places.isEmpty ? false : offer.places.joined(separator: ", ") as Any,
      "age": age as Any? ?? false,
      "summary": offer.summary.isEmpty ? false : offer.summary as Any,
      "isOpen": opening?.isNow == true, "opening": opening?.text as Any? ?? false,
      "phone": offer.phone as Any? ?? false,
      "call": offer.phone.flatMap(PageContact.call) as Any? ?? false,
    ]
  }

  /// `0 bis 3 Jahre, ab der Schwangerschaft`
  static func ageText(_ lowest: Int?, _ highest: Int?, _ isFromPregnancy: Bool) -> String? {
    let years: String? =
      switch (lowest, highest) {
      case (let low?, let high?) where low == high: low.counted("Jahr", "Jahre")
      case (let low?, let high?): "\(low) bis \(high.counted("Jahr", "Jahre"))"
      case (let low?, nil): "ab \(low.counted("Jahr", "Jahren"))"
      case (nil, let high?): "bis \(high.counted("Jahr", "Jahre"))"
      case (nil, nil): nil
      }
    let parts = [years, isFromPregnancy ? "ab der Schwangerschaft" : nil].compactMap(\.self)
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  // MARK: - One offer

  func offer(_ service: ServedObject, in catalogue: Catalogue, _ frame: PageFrame) -> View {
    let places = service.list("service_at_locations")
    let owner = service.object("organization")
    let times = service.schedules.compactMap { self.time($0, catalogue, frame) }
    let own = places.compactMap { place in
      place.object("location").map { self.place($0, room: place.label("room")) }
    }
    // What the offer does not say, its organization may.
    let full = owner?.text("id").flatMap { catalogue[.organizations][$0] }.flatMap(Self.object)
    let whereabouts =
      own.isEmpty ? full?.list("locations").map { place($0, room: nil) } ?? [] : own
    let people = Self.people(of: [service] + places)
    let numbers = Self.reach(service, besides: places)
    let reach = numbers.isEmpty ? full.map { Self.reach($0) } ?? [] : numbers
    let facts = facts(service)
    let status = service.text("status")
    let name = service.text("name") ?? ""
    return wrong(name, frame, "/services/\(service.text("id") ?? "")").merging([
      "name": name, "alert": service.text("alert") as Any? ?? false,
      "notNow": status == "inactive"
        ? "Dieses Angebot ist erst geplant." as Any
        : status == "defunct" ? "Dieses Angebot gibt es nicht mehr." as Any : false,
      "description": service.text("description") as Any? ?? false,
      "organization": owner?.text("name") as Any? ?? false,
      "organizationAddress": "\(frame.root)/einrichtung/\(owner?.text("id") ?? "")",
      "facts": facts, "hasFacts": !facts.isEmpty, "times": times, "hasTimes": !times.isEmpty,
      "places": whereabouts, "people": people, "hasPeople": !people.isEmpty,
      "hasPlaces": !whereabouts.isEmpty, "reach": reach,
      "assured": service.text("assured_date").map { GermanTime.day($0) } as Any? ?? false,
    ]) { _, own in own }
  }

  private func facts(_ service: ServedObject) -> [View] {
    let ages = Self.ageText(
      service.number("minimum_age"), service.number("maximum_age"),
      service.attribute("from_pregnancy") == "true")
    let access =
      service.attributes("access").map(\.label)
      + (service.attribute("anonymous") == "true" ? ["auch anonym"] : [])
      + (service.attribute("outreach") == "true" ? ["kommt nach Hause"] : [])
    let costs =
      service.list("cost_options").compactMap { $0.text("option") }
      + [service.text("fees_description")].compactMap(\.self)
    let facts: [(String, [String])] = [
      ("Alter", [ages].compactMap(\.self)),
      ("Themen", service.attributes("categories").map(\.label)),
      ("Zugang", access), ("Anmeldung", [service.text("application_process")].compactMap(\.self)),
      ("Voraussetzungen", [service.text("eligibility_description")].compactMap(\.self)),
      ("Kosten", costs), ("Wie oft", service.attributes("frequency").map(\.label)),
      ("Wo", service.attributes("place_description").map(\.label)),
      (
        "Sprachen",
        service.list("languages").compactMap { language in
          language.text("code").map(LanguageLabel.text) ?? language.text("name")
        }
      ), ("Dolmetschen", [service.text("interpretation_services")].compactMap(\.self)),
    ]
    return facts.filter { !$0.1.isEmpty }.map { label, values in
      ["label": label, "text": values.joined(separator: ", ")]
    }
  }

  /// `nil` for a schedule of which nothing can be said.
  private func time(
    _ schedule: ServedObject, _ catalogue: Catalogue, _ frame: PageFrame
  ) -> View? {
    let hours = schedule.hours
    // The words of the API were true when its answer was made.
    let words = hours?.text(on: frame.local.date) ?? schedule.text("description") ?? ""
    guard !words.isEmpty else { return nil }
    let opening = hours?.next(at: frame.local, except: catalogue.offers.holidays)
    let registration = ["registration", "registration_phone"].compactMap(schedule.label)
    return [
      "text": words, "isOpen": opening?.isNow == true,
      "next": opening.flatMap { $0.isNow ? nil : hours?.text(of: $0) } as Any? ?? false,
      "note": schedule.text("notes") as Any? ?? false,
      "room": schedule.label("room") as Any? ?? false,
      "registration": registration.isEmpty ? false : registration.joined(separator: ", ") as Any,
    ]
  }

  private func place(_ location: ServedObject, room: String?) -> View {
    let address = location.list("addresses").first
    let street = ["address_1", "address_2"].compactMap { address?.text($0) }
    let town = ["postal_code", "city"].compactMap { address?.text($0) }.joined(separator: " ")
    let district = location.label("district")
    let access = location.list("accessibility").flatMap { one in
      ["description", "details"].compactMap { one.text($0) }
    }
    let lines = street + [town].filter { !$0.isEmpty }
    return [
      "name": location.text("name") as Any? ?? false,
      "lines": lines, "district": district as Any? ?? false, "room": room as Any? ?? false,
      "transportation": location.text("transportation") as Any? ?? false,
      "access": access.isEmpty ? false : access.joined(separator: ", ") as Any,
    ]
  }

  // MARK: - Numbers and addresses

  private static let phoneLabels = [
    "voice": "Telefon", "fax": "Fax", "cell": "Mobil", "mobile": "Mobil", "hotline": "Hotline",
    "text": "SMS", "sms": "SMS", "video": "Video", "textphone": "Schreibtelefon",
  ]

  private static func reach(_ object: ServedObject, besides others: [ServedObject] = []) -> [View] {
    let phones = (object.list("phones") + others.flatMap { $0.list("phones") })
    var out = phones.compactMap { phone -> View? in
      guard let number = phone.text("number") else { return nil }
      let type = phone.text("type") ?? "voice"
      let branch = phone.number("extension").map { "-\($0)" } ?? ""
      return [
        "label": phoneLabels[type] ?? "Telefon", "text": number + branch,
        "address": type == "fax" ? false : PageContact.call(number + branch) as Any? ?? false,
        "note": phone.text("description") as Any? ?? false, "isElsewhere": false,
      ]
    }
    if let mail = object.text("email") {
      let address = "mailto:" + FormValues.encoded(mail).replacing("%40", with: "@")
      out.append([
        "label": "E-Mail", "text": mail, "address": address, "note": false, "isElsewhere": false,
      ])
    }
    // What a town's log holds could be any address.
    if let page = object.text("url") ?? object.text("website"),
      page.hasPrefix("https://") || page.hasPrefix("http://")
    {
      out.append([
        "label": "Internet", "text": page, "address": page, "note": false, "isElsewhere": true,
      ])
    }
    return out
  }

  /// Whom to tell what is wrong, and where the data are.
  private func wrong(_ name: String, _ frame: PageFrame, _ path: String) -> View {
    var view = contact.view(subject: "Falsche Angabe bei „\(name)“")
    view["data"] = frame.root + path
    view["root"] = frame.root
    return view
  }

  // MARK: - People

  /// On one page.
  private static let peopleLimit = 50

  /// Whom families can turn to, each once: persons of whom the API serves a name.
  private static func people(of owners: [ServedObject]) -> [View] {
    var seen: Set<String> = []
    let contacts = owners.flatMap { $0.list("contacts") }.filter {
      seen.insert($0.text("id") ?? "").inserted
    }
    return contacts.prefix(peopleLimit).compactMap { person -> View? in
      guard let name = person.text("name") else { return nil }
      let degree = person.attribute("academic_degree").map { "\($0) " } ?? ""
      let task = [person.text("title"), person.text("department")].compactMap(\.self)
      let languages = person.attributes("languages").map {
        LanguageLabel.text($0.value)
      }
      let notes: [(String, [String])] = [
        ("", person.attributes("availability").map(\.label)),
        ("", person.attributes("schedule").map(\.value)),
        ("Zimmer ", person.attributes("room").map(\.label)),
        ("Spricht ", languages.isEmpty ? [] : [languages.joined(separator: ", ")]),
      ]
      let reach = reach(person)
      return [
        "name": degree + name, "reach": reach, "hasReach": !reach.isEmpty,
        "task": task.isEmpty ? false : task.joined(separator: ", ") as Any,
        "notes": notes.flatMap { label, texts in texts.map { label + $0 } },
      ]
    }
  }

  // MARK: - An organization

  func organization(
    _ found: ServedObject, in catalogue: Catalogue, _ frame: PageFrame
  ) -> View {
    let name = found.text("name") ?? ""
    let services = found.list("services").filter { $0.text("status") == "active" }
    let places = found.list("locations")
    // Of an organization's own hours HSDS has the words alone.
    let own = found.attributes("schedule").map { hours -> View in
      [
        "text": hours.value, "isOpen": false, "next": false, "note": false, "room": false,
        "registration": false,
      ]
    }
    let times =
      own
      + places.flatMap { $0.list("schedules") }.compactMap { self.time($0, catalogue, frame) }
    let type = found.label("organization_type")
    let facts: [(String, [String])] = [
      ("Themen", found.attributes("categories").map(\.label)),
      ("Gehört zu", found.attributes("municipality_id").map(\.label)),
      (
        "Alter",
        [
          Self.ageText(
            found.attribute("minimum_age").flatMap { Int($0) },
            found.attribute("maximum_age").flatMap { Int($0) },
            found.attribute("from_pregnancy") == "true")
        ].compactMap(\.self)
      ),
    ]
    let known = facts.filter { !$0.1.isEmpty }
    let people = Self.people(of: [found] + places)
    return wrong(name, frame, "/organizations/\(found.text("id") ?? "")").merging([
      "name": name, "type": type as Any? ?? false,
      "description": found.text("description").flatMap { $0 == name ? nil : $0 } as Any? ?? false,
      "hasFacts": !known.isEmpty, "people": people, "hasPeople": !people.isEmpty,
      "facts": known.map { label, values -> View in
        ["label": label, "text": values.joined(separator: ", ")]
      },
      "times": times, "hasTimes": !times.isEmpty,
      "places": places.map { self.place($0, room: nil) }, "hasPlaces": !places.isEmpty,
      "reach": Self.reach(found), "hasOffers": !services.isEmpty,
      "offers": services.prefix(Self.offerLimit).map { service -> View in
        [
          "address": "\(frame.root)/angebot/\(service.text("id") ?? "")",
          "name": service.text("name") ?? "",
          "age": Self.ageText(
            service.number("minimum_age"), service.number("maximum_age"),
            service.attribute("from_pregnancy") == "true") as Any? ?? false,
        ]
      }, "hasMore": services.count > Self.offerLimit,
    ]) { _, own in own }
  }
}
