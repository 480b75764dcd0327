PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
INSERT INTO grdb_migrations VALUES('1');
CREATE TABLE replica (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  role TEXT NOT NULL CHECK (role IN ('hub', 'town')),
  realm BLOB NOT NULL CHECK (length(realm) = 32),
  member INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  name TEXT NOT NULL,
  title TEXT NOT NULL,
  ags TEXT NOT NULL,
  kreis TEXT NOT NULL,
  hub_url TEXT NOT NULL,
  hub_pin BLOB CHECK (hub_pin IS NULL OR length(hub_pin) = 32), -- NULL: a CA's certificate
  tables TEXT NOT NULL DEFAULT '' -- fold version and fields the directory tables were made for
) STRICT;
INSERT INTO replica VALUES(1,'town',X'b755c19e3e5326183d89ada2b491f5c3cc9bd35ca2140345e8d83ae361f51ba3',211755599762327,1,'town0','Town0','05962012','Märkischer Kreis','https://127.0.0.1:8443',NULL,'1 5d1adb1552087715b4c6089c37dcd60ba248388fabfa449c031f945f12fcaa27');
CREATE TABLE log (
  log INTEGER PRIMARY KEY, -- small, local to this database
  member INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  scope INTEGER NOT NULL, -- 1 public, 2 kreis, 3 coordination, 4 local
  town INTEGER NOT NULL, -- of a coordination scope, else 0
  sequence INTEGER NOT NULL,
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  signature BLOB, -- of the head by its author; NULL in scope local
  pushed INTEGER NOT NULL DEFAULT 0, -- own logs: the last entry seen in the hub's feed
  UNIQUE (member, generation, scope, town)
) STRICT;
INSERT INTO log VALUES(1,108865526735753,1,1,0,3,X'9ccc35b3e8bd0a91ce1df3bc84bb2eb92c68368eb9f0643e82f2fd8e20ce9037',X'6a7f7b22256661175314af0fe0f016d6d57cf5fbc1609139ac1cb5fc6669ae2a7c837cb8c206b4fe4fa5c3b6a1c08e1c55ee20bd260dca1c14dc08704b248d03',0);
INSERT INTO log VALUES(2,211755599762327,1,1,0,4,X'da4d8978b1ceacd33370640d4e2c3313d8c97beb7e730535023d2c832a8102fd',X'645b02913f970d1faa45404c5d764c8e1712b659b8c79693607166518ada193a07a7622c0f733845a6f58c34475ba2f850837c50dd988f7c023d34b888350505',4);
INSERT INTO log VALUES(3,211755599762327,1,3,211755599762327,1,X'3aec0cdaf657f280cc6a778554045d9de561eb68b6164a5085eef62009d05edb',X'992399aac53a1da8cdcbcbdb494a62338a7dde75a64fc6b1c3721682447045eca6e54c45dc6bec7ac7e026dbd9e951f070c0ac451a66b7909c79bc456a373102',1);
CREATE TABLE record (
  record INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  kind INTEGER NOT NULL DEFAULT 0, -- tag of the kind; 0 while no entry takes effect
  deleted INTEGER NOT NULL DEFAULT 0,
  conflicts INTEGER NOT NULL DEFAULT 0 -- fields that somebody should look at
) STRICT;
INSERT INTO record VALUES(1,X'c097314d93978945b01e278faa015dc5',1,0,0);
INSERT INTO record VALUES(2,X'c097314d93978f2bad2bea3a9ee9e9e8',1,0,0);
INSERT INTO record VALUES(3,X'c097314d93978b0db465d43b49216a17',1,0,0);
INSERT INTO record VALUES(4,X'c097314d939788fba845ca54d8139177',1,0,0);
CREATE TABLE entry (
  entry INTEGER PRIMARY KEY, -- log << 40 | sequence
  record INTEGER, -- NULL: a control entry
  hash BLOB NOT NULL CHECK (length(hash) = 32), -- of the header
  body BLOB NOT NULL, -- the header's body
  block BLOB, -- salt and values; NULL: none, or destroyed
  commitment BLOB -- in place of a destroyed block
) STRICT;
INSERT INTO entry VALUES(1099511627777,NULL,X'30828abc17636d424948da1754323a9e646fb26a4a5a38a7ca662a35bf162b2d',X'80a4a7da0604000000ae010aab010a20b755c19e3e5326183d89ada2b491f5c3cc9bd35ca2140345e8d83ae361f51ba31189a30c3b0363000018012220334e99fa69bb5f09f61cd2e939e59206f2ac2d58ccdd3ddeaba5df91b10940b4324041ba8c441ce2503b1e875280933b64cdd737c9edeb551acd780c4e2551cd2aeb2133fed896384653a30ec216c44f6c840f6cbb3765c0a1f46cdb8db44abee6053a114dc3a4726b697363686572204b7265697342053035393632',NULL,NULL);
INSERT INTO entry VALUES(1099511627778,NULL,X'996a40592e7ad164ecf4162f75fa7fae56f5f639f5085c6c963e605852414a14',X'80a4a7da06040000004512430997934d3197c000001205746f776e301a05546f776e30220830353936323031322a202fd179fbcdfe8f2a0a541a2c351a23cfcc24f01c926998bd777ae2bb7ac3d7e9',NULL,NULL);
INSERT INTO entry VALUES(1099511627779,NULL,X'9ccc35b3e8bd0a91ce1df3bc84bb2eb92c68368eb9f0643e82f2fd8e20ce9037',X'80a4a7da0604000000451243096b10f0d3923b00001205746f776e311a05546f776e31220830353936323031322a205c795ae7fd7f61e25c93927ddc0f62951f62d85b2f0534b4c4183e5b44549db4',NULL,NULL);
INSERT INTO entry VALUES(2199023255553,1,X'9e0aace877ba0db51cbfd17d48c602a326cbb6c507f3fe82f1593e7dc57d1047',X'81a4a7da06010101c097314d93978945b01e278faa015dc50210010014010000',X'616f9630b0074044fc4de41f1bcc1b210a0d4b6974612048616c76657220310a0c486f6673747261c39f652031',NULL);
INSERT INTO entry VALUES(2199023255554,2,X'd3cbe26c9377443e4a8cf7d9cfac218ada8d64beb462355b3942e96b986f5858',X'82a4a7da06010101c097314d93978f2bad2bea3a9ee9e9e80110010000',X'9a7b14876099d763735255e9257cc6a70a0d4b6974612048616c7665722032',NULL);
INSERT INTO entry VALUES(2199023255555,3,X'a950ad3fd73eee576aeaf82a4ab7770937eab95d334cf9d417c8792cf236bbf2',X'83a4a7da06010101c097314d93978b0db465d43b49216a170210010014010000',X'f060adbb19711a56d4c31b03b5b3316b0a0d4b6974612048616c76657220330a0c486f6673747261c39f652033',NULL);
INSERT INTO entry VALUES(2199023255556,4,X'da4d8978b1ceacd33370640d4e2c3313d8c97beb7e730535023d2c832a8102fd',X'84a4a7da06010101c097314d939788fba845ca54d81391770210010014010000',X'748a1465dedff0d81d67c34f6a2a35d90a0d4b6974612048616c76657220340a0c486f6673747261c39f652034',NULL);
INSERT INTO entry VALUES(3298534883329,2,X'3aec0cdaf657f280cc6a778554045d9de561eb68b6164a5085eef62009d05edb',X'82a4a7da06010101c097314d93978f2bad2bea3a9ee9e9e80114010000',X'22feec8a5505a73cdfcee31d84578afb0a0c486f6673747261c39f652032',NULL);
CREATE TABLE feed (
  arrival INTEGER PRIMARY KEY, -- the order of acceptance over all scopes
  scope INTEGER NOT NULL,
  town INTEGER NOT NULL,
  position INTEGER NOT NULL,
  log INTEGER NOT NULL,
  last INTEGER NOT NULL, -- the bundle's last entry; it starts after the log's previous one
  hash BLOB NOT NULL CHECK (length(hash) = 32), -- H(position)
  signature BLOB, -- of the author over the head at last; at the hub only
  UNIQUE (scope, town, position)
) STRICT;
INSERT INTO feed VALUES(1,1,0,1,1,1,X'18ba6950c72e8a82c37f7143f57588661aad1739c6022f10b716268ced03d0ea',NULL);
INSERT INTO feed VALUES(2,1,0,2,1,2,X'ab9763e993e94b722a58aff2ed81b5f0fb62edc23959c58e60d08e997c9d96e5',NULL);
INSERT INTO feed VALUES(3,1,0,3,1,3,X'31517cb8c2649b37f202f35cf615920572708478b7b52f0dbe6fd35dd731aa6a',NULL);
INSERT INTO feed VALUES(4,1,0,4,2,4,X'a57d1cb73e75782e116208d883275a12d4b420a03bffe311bccd2969561492cf',NULL);
INSERT INTO feed VALUES(5,3,211755599762327,1,3,1,X'0937e51fc3390ffe5de2d24786492a84238cb9649b09a376a3448313a0e4308e',NULL);
CREATE TABLE feed_head (
  scope INTEGER NOT NULL,
  town INTEGER NOT NULL,
  hub_generation INTEGER NOT NULL,
  position INTEGER NOT NULL,
  hash BLOB NOT NULL,
  signature BLOB NOT NULL,
  PRIMARY KEY (scope, town)
) STRICT, WITHOUT ROWID;
INSERT INTO feed_head VALUES(1,0,1,4,X'a57d1cb73e75782e116208d883275a12d4b420a03bffe311bccd2969561492cf',X'1aa5453d95a1bd53d7d8645f85aac995c4aee2e63be47784e7a46f13d28f18e794c8f8341e020f31c432a517fbb89dc0b8606cb12d867ce860116df65eb9900d');
INSERT INTO feed_head VALUES(3,211755599762327,1,1,X'0937e51fc3390ffe5de2d24786492a84238cb9649b09a376a3448313a0e4308e',X'e5c0bb24315ad317ebe328e5a074da28dc733567341ecc6891b82f253198abb3fcf7d41dddd5513074eed1189e2cd77c0200eafb8f83448b311c74d44629b202');
CREATE TABLE statement (
  member INTEGER NOT NULL,
  scope INTEGER NOT NULL,
  town INTEGER NOT NULL,
  position INTEGER NOT NULL,
  at INTEGER NOT NULL, -- seconds since 1970, as the member says
  software TEXT NOT NULL,
  statement BLOB NOT NULL,
  signature BLOB NOT NULL,
  PRIMARY KEY (member, scope, town)
) STRICT, WITHOUT ROWID;
CREATE TABLE invite (
  name TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  ags TEXT NOT NULL,
  secret BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_by BLOB, -- the key that joined
  member INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS "organization" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "name" TEXT, "alternate_name" TEXT, "organization_type" TEXT, "description" TEXT, "street" TEXT, "postal_code" TEXT, "city" TEXT, "district" TEXT, "phone" TEXT, "fax" TEXT, "email" TEXT, "website" TEXT, "minimum_age" INTEGER, "maximum_age" INTEGER, "from_pregnancy" INTEGER, "carrier" TEXT, "legal_status" TEXT, "year_incorporated" INTEGER, "parent_organization_id" TEXT, "categories" TEXT, "sectors" TEXT, "municipality_id" TEXT, "languages" TEXT, "single_person" INTEGER, "confidential" INTEGER, "outside_region" INTEGER, "status" TEXT, "keywords" TEXT, "uri" TEXT, "logo" TEXT) STRICT;
INSERT INTO organization VALUES(1,'c097314d-9397-8945-b01e-278faa015dc5',NULL,NULL,NULL,NULL,'Kita Halver 1',NULL,NULL,NULL,'Hofstraße 1',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO organization VALUES(2,'c097314d-9397-8f2b-ad2b-ea3a9ee9e9e8',NULL,NULL,NULL,NULL,'Kita Halver 2',NULL,NULL,NULL,'Hofstraße 2',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO organization VALUES(3,'c097314d-9397-8b0d-b465-d43b49216a17',NULL,NULL,NULL,NULL,'Kita Halver 3',NULL,NULL,NULL,'Hofstraße 3',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO organization VALUES(4,'c097314d-9397-88fb-a845-ca54d8139177',NULL,NULL,NULL,NULL,'Kita Halver 4',NULL,NULL,NULL,'Hofstraße 4',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE IF NOT EXISTS "location" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "name" TEXT, "alternate_name" TEXT, "description" TEXT, "location_type" TEXT, "organization_id" TEXT, "municipality_id" TEXT, "district" TEXT, "transportation" TEXT, "accessibility" TEXT, "accessibility_details" TEXT, "latitude" REAL, "longitude" REAL, "url" TEXT, "confidential" INTEGER) STRICT;
CREATE TABLE IF NOT EXISTS "address" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "location_id" TEXT, "attention" TEXT, "address_1" TEXT, "address_2" TEXT, "postal_code" TEXT, "city" TEXT, "region" TEXT, "state_province" TEXT, "country" TEXT, "address_type" TEXT, "confidential" INTEGER) STRICT;
CREATE TABLE IF NOT EXISTS "contact" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "name" TEXT, "salutation" TEXT, "academic_degree" TEXT, "title" TEXT, "department" TEXT, "organization_id" TEXT, "location_id" TEXT, "service_id" TEXT, "service_at_location_id" TEXT, "email" TEXT, "phone" TEXT, "mobile" TEXT, "availability" TEXT, "room" TEXT, "languages" TEXT, "legal_basis" TEXT, "source" TEXT, "consent_date" TEXT, "review_date" TEXT, "restricted" INTEGER) STRICT;
CREATE TABLE IF NOT EXISTS "phone" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "number" TEXT, "number_e164" TEXT, "extension" TEXT, "type" TEXT, "description" TEXT, "organization_id" TEXT, "contact_id" TEXT, "location_id" TEXT, "service_id" TEXT, "service_at_location_id" TEXT, "languages" TEXT) STRICT;
CREATE TABLE IF NOT EXISTS "role_assignment" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "contact_id" TEXT, "role" TEXT, "organization_id" TEXT, "network_id" TEXT, "working_group_id" TEXT, "service_id" TEXT, "municipality_id" TEXT, "deputy_for_id" TEXT, "responsibility" TEXT, "working_hours" TEXT, "valid_from" TEXT, "valid_to" TEXT) STRICT;
CREATE TABLE IF NOT EXISTS "service" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "name" TEXT, "alternate_name" TEXT, "organization_id" TEXT, "description" TEXT, "status" TEXT, "audience" TEXT, "minimum_age" INTEGER, "maximum_age" INTEGER, "from_pregnancy" INTEGER, "eligibility_description" TEXT, "access" TEXT, "application_process" TEXT, "anonymous" INTEGER, "outreach" INTEGER, "free_of_charge" INTEGER, "fees_description" TEXT, "languages" TEXT, "interpretation_services" TEXT, "categories" TEXT, "keywords" TEXT, "url" TEXT, "email" TEXT, "phone" TEXT, "capacity" INTEGER, "frequency" TEXT, "place_description" TEXT, "valid_from" TEXT, "valid_to" TEXT, "alert" TEXT, "accreditations" TEXT, "network_id" TEXT, "assurer_email" TEXT) STRICT;
CREATE TABLE IF NOT EXISTS "service_at_location" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "service_id" TEXT, "location_id" TEXT, "description" TEXT, "room" TEXT) STRICT;
CREATE TABLE IF NOT EXISTS "schedule" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "organization_id" TEXT, "location_id" TEXT, "service_id" TEXT, "service_at_location_id" TEXT, "contact_id" TEXT, "rrule" TEXT, "dtstart" TEXT, "opens_at" TEXT, "closes_at" TEXT, "timezone" TEXT, "valid_from" TEXT, "valid_to" TEXT, "exdates" TEXT, "closed_in_school_holidays" INTEGER, "description" TEXT, "attending_type" TEXT, "schedule_link" TEXT, "room" TEXT, "registration" TEXT, "registration_phone" TEXT, "registration_contact_id" TEXT) STRICT;
CREATE TABLE IF NOT EXISTS "service_area" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "name" TEXT, "service_id" TEXT, "service_at_location_id" TEXT, "organization_id" TEXT, "municipalities" TEXT, "district" TEXT, "description" TEXT, "extent" TEXT, "extent_type" TEXT, "uri" TEXT) STRICT;
CREATE TABLE IF NOT EXISTS "taxonomy_term" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "name" TEXT, "code" TEXT, "description" TEXT, "synonyms" TEXT, "parent_id" TEXT, "taxonomy" TEXT, "language" TEXT, "term_uri" TEXT) STRICT;
CREATE TABLE IF NOT EXISTS "municipality" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "name" TEXT, "ags" TEXT, "municipality_type" TEXT, "parent_id" TEXT, "website" TEXT, "own_youth_office" INTEGER, "youth_office_id" TEXT, "latitude" REAL, "longitude" REAL) STRICT;
CREATE TABLE IF NOT EXISTS "network" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "name" TEXT, "description" TEXT, "municipalities" TEXT, "operator_id" TEXT, "coordinator_id" TEXT, "legal_basis" TEXT, "legal_basis_since" TEXT, "minimum_age" INTEGER, "maximum_age" INTEGER, "from_pregnancy" INTEGER, "age_policy" TEXT, "sectors" TEXT, "valid_from" TEXT, "valid_to" TEXT, "status" TEXT, "related_networks" TEXT, "partners" TEXT, "email" TEXT, "website" TEXT) STRICT;
CREATE TABLE IF NOT EXISTS "network_membership" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "network_id" TEXT, "organization_id" TEXT, "contact_id" TEXT, "role" TEXT, "valid_from" TEXT, "valid_to" TEXT, "remark" TEXT) STRICT;
CREATE TABLE IF NOT EXISTS "working_group" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "name" TEXT, "description" TEXT, "task" TEXT, "networks" TEXT, "chair_id" TEXT, "contacts" TEXT, "organizations" TEXT, "reports_to" TEXT, "frequency" TEXT, "valid_from" TEXT, "valid_to" TEXT, "status" TEXT) STRICT;
CREATE TABLE IF NOT EXISTS "network_meeting" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "name" TEXT, "networks" TEXT, "working_group_id" TEXT, "municipality_id" TEXT, "status" TEXT, "ordinal" INTEGER, "date" TEXT, "reported_on" TEXT, "opens_at" TEXT, "closes_at" TEXT, "place" TEXT, "location_id" TEXT, "organizer_id" TEXT, "occurrences" INTEGER, "attendance" INTEGER, "attendance_approximate" INTEGER, "attendance_scope" TEXT, "formats" TEXT, "frequency" TEXT, "agenda" TEXT, "results" TEXT) STRICT;
CREATE TABLE IF NOT EXISTS "document" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "name" TEXT, "document_type" TEXT, "description" TEXT, "networks" TEXT, "municipality_id" TEXT, "meeting_id" TEXT, "parties" TEXT, "date" TEXT, "adopted_by" TEXT, "adopted_on" TEXT, "binding_for" TEXT, "valid_from" TEXT, "valid_to" TEXT, "url" TEXT, "language" TEXT) STRICT;
CREATE TABLE IF NOT EXISTS "indicator" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "name" TEXT, "value" TEXT, "unit" TEXT, "approximate" INTEGER, "definition" TEXT, "source" TEXT, "period_start" TEXT, "period_end" TEXT, "municipality_id" TEXT, "network_id" TEXT, "remark" TEXT) STRICT;
CREATE TABLE IF NOT EXISTS "change_request" (record INTEGER PRIMARY KEY, id TEXT NOT NULL, "external_id" TEXT, "assured_date" TEXT, "note" TEXT, "memo" TEXT, "subject_id" TEXT, "field_name" TEXT, "proposed_value" TEXT, "remark" TEXT, "sender" TEXT, "status" TEXT, "answer" TEXT, "answered_on" TEXT) STRICT;
CREATE INDEX record_in_conflict ON record (record) WHERE conflicts > 0;
CREATE INDEX entry_of_record ON entry (record) WHERE record IS NOT NULL;
CREATE INDEX entry_of_control ON entry (entry) WHERE record IS NULL;
CREATE INDEX feed_of_log ON feed (log, last);
CREATE INDEX "organization_external_id"
ON "organization" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "location_external_id"
ON "location" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "address_external_id"
ON "address" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "contact_external_id"
ON "contact" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "phone_external_id"
ON "phone" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "role_assignment_external_id"
ON "role_assignment" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "service_external_id"
ON "service" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "service_at_location_external_id"
ON "service_at_location" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "schedule_external_id"
ON "schedule" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "service_area_external_id"
ON "service_area" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "taxonomy_term_external_id"
ON "taxonomy_term" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "municipality_external_id"
ON "municipality" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "network_external_id"
ON "network" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "network_membership_external_id"
ON "network_membership" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "working_group_external_id"
ON "working_group" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "network_meeting_external_id"
ON "network_meeting" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "document_external_id"
ON "document" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "indicator_external_id"
ON "indicator" (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX "change_request_external_id"
ON "change_request" (external_id) WHERE external_id IS NOT NULL;
COMMIT;
