-- Complete, ranked search in constant time: a trip's document includes the travelers and their roles, word prefixes are
-- indexed, a whole name is also indexed as one word, and the words in names are kept for spelling suggestions.
-- A document holds the first 24 travelers, which limits the cost of adding one. Each further traveler of a larger trip
-- has a document of its own in crowd_search. Under a guard, these are written as a set when it is released.

DROP TRIGGER trg_trips_v2_search_insert;
DROP TRIGGER trg_trips_v2_search_update;
DROP TRIGGER trg_trips_v2_search_delete;
DROP TRIGGER trg_clients_v2_search_insert;
DROP TRIGGER trg_clients_v2_search_update;
DROP TRIGGER trg_clients_v2_search_delete;
DROP VIEW trip_search_text;
DROP VIEW client_search_text;
DROP TABLE trip_search;
DROP TABLE client_search;

CREATE VIRTUAL TABLE trip_search USING fts5(whole_name, name, destinations, group_name, travelers, roles, notes, tokenize = "unicode61 remove_diacritics 2", prefix = "1 2 3 4 5 6 7 8 9 10");
CREATE VIRTUAL TABLE client_search USING fts5(whole_name, full_name, email, notes, tokenize = "unicode61 remove_diacritics 2", prefix = "1 2 3 4 5 6 7 8 9 10");
CREATE VIRTUAL TABLE crowd_search USING fts5(travelers, roles, tokenize = "unicode61 remove_diacritics 2");

-- Trips whose document is outdated. Deleting a row rebuilds the document, at the latest when the trip's guard is released.
CREATE TABLE search_stale (trip_id INTEGER PRIMARY KEY);

-- Clients that a REPLACE is about to overwrite. With recursive_triggers off, no delete trigger fires for them. A row of
-- either table can outlive a rejected write. The next write removes it.
CREATE TABLE search_displaced (client_id INTEGER PRIMARY KEY);

-- Inserting a text adds its words to search_spellings and deletes the row. Empty at every commit.
CREATE TABLE search_said (said TEXT NOT NULL);

-- How letters of other scripts are written in Latin letters, as in the library anyascii, and ä, ö, ü and å in two letters.
CREATE TABLE search_letters (letter TEXT PRIMARY KEY, plain TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO search_letters (letter, plain)
SELECT substr(w.value, i.key + 1, 1), w.key
FROM json_each('{
"":"ʹϏϗЪЬъьҌҍՙאעءأإاعـٱ","a":"ΆΑάαАаӐӑӒӓӘәӬӭԱՠաآىٲٵऄअआाაぁあァア","aa":"åÅ","ae":"ӔӕäÄ","ai":"ऐै","au":"औौ",
"b":"ϐБбԲբبٻबბ","ba":"ばバ","be":"べベ","bh":"ڀभ","bi":"びビ","bo":"ぼボ","bu":"ぶブ","c":"ϬϭЋћҸҹच",
"ch":"ΧχЧчҼҽҾҿՃՉճչچڇڜڞछჩჭ","chi":"ちチ","d":"ΔδДдԴդדدضڈډڊڏڐڗडदდ","da":"だダ","dd":"ڋ","de":"でデ","dh":"ذظڌڍڎढध",
"dj":"Ђђ","do":"どド","dz":"ЅѕӠӡՁձځڂძ","dzh":"ЏџӋӌӜӝ","e":"ΈΕέεϵ϶ЀЁЕЭеэѐёѢѣѦѧӖӗӚӛԵԷեէٴۀێېےۓऍऎएॅॆेეぇえゑェエヱ",
"ev":"և","ey":"ۍ","f":"ΦφϤϥФфѲѳՖֆףפفڡڢफ़","fu":"ふフ","g":"ΓγЃГгѓҐґҜҝԳգגػؼڨګڬگڲڳڴगग़გ","ga":"がガ","ge":"げゲ",
"gg":"ڰ","gh":"ҒғҔҕӶӷՂղغघღ","gi":"Ӂӂぎギ","go":"ごゴ","gu":"ぐグ","h":"ͰͱϨϩҲҳҺһӀӏӾӿՀհהחةحهھہۂۃहჰ","ha":"はハ",
"he":"へヘ","hi":"ひヒ","ho":"ほホ","i":"ͺΉΊΐΗΙΪήίηιϊІЇЍИиіїѝӢӣӤӥԻիئؾؿٸइईिीიぃいゐィイヰ","ie":"ЄєѤѥѨѩ","io":"Ѭѭ",
"j":"ͿϪϫϳЈјҖҗҶҷӞӟՋջجڄजჯ","jh":"Ҋҋझ","ji":"じぢジヂ","k":"ΚκϰЌКкќԿՔկքקكکڪकკქ","ka":"かゕゖカヵヶ","ke":"けケ",
"kh":"ХхԽխךכخखख़ხ","ki":"きキ","ko":"こコ","kp":"ڮ","ks":"Ѯѯ","ku":"くク","l":"ΛλЛлԼլלلڵڶڷڸऌलळऴლ","lh":"Ӆӆ","lj":"Љљ",
"m":"ΜμМмՄմםמمमმ","ma":"まマ","me":"めメ","mh":"Ӎӎ","mi":"みミ","mo":"もモ","mu":"むム","n":"ΝνНнՆնןנنڃڱڹںڻڼڿङञणनऩნんン",
"na":"なナ","ne":"ねネ","ng":"ҢңҤҥӇӈڠڭ","nh":"Ӊӊ","ni":"にニ","nj":"Њњ","no":"のノ","nu":"ぬヌ","ny":"ڽۑ",
"o":"ΌΏΟΩοωόώОоѠѡѪѫѺѻѼѽӦӧӨөՈՕոօٶۄۅۆऑऒओॉॊोოぉおをォオヲ","oe":"öÖ","ot":"Ѿѿ","p":"ΠπϖПпՊՓպփپڣपპფ","pa":"ぱパ","pe":"ぺペ",
"ph":"ϕҦҧڦफ","pi":"ぴピ","po":"ぽポ","ps":"ΨψѰѱ","pu":"ぷプ","q":"ϘϙϞϟҀҁҚқҞҟҠҡӃӄقڧक़ყ","r":"ΡρϱϼРрՐրרرڑڒړڔڕڙऋरऱृॄड़რ",
"ra":"らラ","re":"れレ","rh":"Ҏҏढ़","ri":"りリ","ro":"ろロ","rr":"Ռռ","ru":"るル","s":"ͲͳͻͼͽΣςσϠϡϲϹϺϻϽϾϿСсҪҫՍսסשسصڛशषसს",
"sa":"さサ","se":"せセ","sh":"ϢϣϷϸШшՇշشښშ","shch":"Щщ","shi":"しシ","so":"そソ","st":"Ϛϛ","su":"すス",
"t":"ΤτТтԹՏթտטתتطٹټٽटतთტっッ","ta":"たタ","te":"てテ","th":"ΘθϑϴҬҭثٺٿڟठथ","ti":"Ϯϯ","to":"とト","ts":"ЦцҴҵԾՑծցץצڅڝცწ",
"tsh":"Ӵӵ","tsu":"つツ","u":"ЎУуўѸѹҮүҰұӮӯӰӱӲӳؤٳٷۇۈۉۊउऊुूუぅうゥウ","ue":"üÜ","v":"ΒβВвՎվבוڤڥۋۏवვ","va":"ヷ","ve":"ヹ",
"vi":"ヸ","vo":"ヺ","vu":"ゔヴ","w":"ͶͷϜϝҨҩՒւو","wa":"ゎわヮワ","x":"ΞξϦϧӼӽ","xh":"Ӻӻ",
"y":"ΎΥΫΰυϋύϒϓϔЙЫйыѴѵѶѷӪӫӸӹԸՅըյיؠؽيیयय़","ya":"Яяゃやャヤ","yo":"ょよョヨ","yu":"Ююゅゆュユ","z":"ΖζЗзҘҙԶզזزज़ზ","za":"ざザ",
"ze":"ぜゼ","zh":"ЖжԺժږژჟ","zo":"ぞゾ","zu":"ずづズヅ"}') w
CROSS JOIN json_each('[0' || replace(hex(zeroblob(length(w.value) - 1)), '00', ',0') || ']') i;

-- The words in names, without accents, by spelling variant: the word, the word without any one of its letters, ^ and
-- its first four letters, its last four letters and $, ~ and its consonants. Words of other scripts are
-- spelled in Latin letters. A word stays when the last name with it is deleted.
CREATE TABLE search_spellings (
    spelling TEXT NOT NULL,
    word TEXT NOT NULL,
    PRIMARY KEY (spelling, word)
) WITHOUT ROWID;

-- Replaces letters that have a common plain spelling. FTS5 itself folds only case and accents. Most texts are ASCII, with as
-- many bytes as characters, and skip this.

CREATE VIEW trip_search_plain AS
SELECT t.trip_id,
       iif(length(t.trip_name) = length(CAST(t.trip_name AS BLOB)), t.trip_name, replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
           t.trip_name,
           'ß', 'ss'), 'ø', 'o'), 'Ø', 'o'), 'ł', 'l'), 'Ł', 'l'), 'đ', 'd'), 'Đ', 'd'), 'æ', 'ae'), 'Æ', 'ae'), 'ı', 'i')) AS trip_name,
       iif(length(t.destinations) = length(CAST(t.destinations AS BLOB)), t.destinations, replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
           coalesce(t.destinations, ''),
           'ß', 'ss'), 'ø', 'o'), 'Ø', 'o'), 'ł', 'l'), 'Ł', 'l'), 'đ', 'd'), 'Đ', 'd'), 'æ', 'ae'), 'Æ', 'ae'), 'ı', 'i')) AS destinations,
       iif(length(t.group_name) = length(CAST(t.group_name AS BLOB)), t.group_name, replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
           coalesce(t.group_name, ''),
           'ß', 'ss'), 'ø', 'o'), 'Ø', 'o'), 'ł', 'l'), 'Ł', 'l'), 'đ', 'd'), 'Đ', 'd'), 'æ', 'ae'), 'Æ', 'ae'), 'ı', 'i')) AS group_name,
       iif(t.notes IN ('{}', '[]'), '', replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
           coalesce(iif(json_valid(t.notes), (
               SELECT group_concat(j.atom, ' ') FROM json_tree(t.notes) j
               WHERE j.type = 'text' AND coalesce(j.key, '') NOT IN ('id', 'timestamp', 'edited_at')), t.notes), ''),
           'ß', 'ss'), 'ø', 'o'), 'Ø', 'o'), 'ł', 'l'), 'Ł', 'l'), 'đ', 'd'), 'Đ', 'd'), 'æ', 'ae'), 'Æ', 'ae'), 'ı', 'i')) AS notes
FROM trips_v2 t;

CREATE VIEW client_search_plain AS
SELECT c.client_id,
       iif(length(c.full_name) = length(CAST(c.full_name AS BLOB)), c.full_name, replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
           c.full_name,
           'ß', 'ss'), 'ø', 'o'), 'Ø', 'o'), 'ł', 'l'), 'Ł', 'l'), 'đ', 'd'), 'Đ', 'd'), 'æ', 'ae'), 'Æ', 'ae'), 'ı', 'i')) AS full_name,
       c.email,
       iif(instr(c.contact_info, 'notes') + instr(c.contact_info, '\') = 0, '', replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
           coalesce(iif(json_valid(c.contact_info), iif(json_type(c.contact_info, '$.notes') = 'text',
               c.contact_info ->> '$.notes', ''), ''), ''),
           'ß', 'ss'), 'ø', 'o'), 'Ø', 'o'), 'ł', 'l'), 'Ł', 'l'), 'đ', 'd'), 'Đ', 'd'), 'æ', 'ae'), 'Æ', 'ae'), 'ı', 'i')) AS notes
FROM clients_v2 c;

-- The indexed text, one row per client, per assignment (with the client's text as indexed) and per trip. Names are followed
-- by their first thousand letters in Latin letters. Scripts without spaces between words are followed by each letter with the next, so that words inside are
-- found: 京都の桜 by 京都 都の の桜 桜.

CREATE VIEW client_search_text AS
SELECT p.client_id,
       replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
       replace(replace(replace(replace(replace(replace(replace(replace(replace(
           p.full_name,
           '&', 'and'), ' ', ''), '''', ''), '’', ''), '-', ''), '–', ''), '—', ''), ',', ''), '.', ''), '/', ''),
           '(', ''), ')', ''), ':', ''), '!', ''), '?', ''), '"', ''), '_', ''), '+', ''), '#', '') AS whole_name,
       p.full_name || iif(instr(p.full_name, '''') + instr(p.full_name, '’') > 0, ' ' || replace(replace(p.full_name, '''', ''), '’', ''), '')
       || iif(length(p.full_name) = length(CAST(p.full_name AS BLOB)), '', coalesce((
           SELECT ' ' || group_concat(coalesce(l.plain, iif(n.letter GLOB '[ก-໿က-႟ក-៿⺀-ﾟ𠀀-𱍏]', ' ', n.letter)), '') || ' ' || coalesce(group_concat(iif(n.letter GLOB '[ก-໿က-႟ក-៿⺀-ﾟ𠀀-𱍏]', n.letter || n.next, NULL), ' '), '')
           FROM (
               SELECT substr(x.text, i.key + 1, 1) AS letter, substr(x.text, i.key + 2, 1) AS next
               FROM (SELECT p.full_name AS text LIMIT 1) x
               CROSS JOIN json_each('[0' || replace(hex(zeroblob(min(length(x.text), 1000) - 1)), '00', ',0') || ']') i
               WHERE x.text GLOB '*[ÄÅÖÜäåöüͰ-ჿក-៿⺀-ﾟ𠀀-𱍏]*') n
           LEFT JOIN search_letters l ON l.letter = n.letter), '')) AS full_name,
       p.email,
       p.notes || iif(length(p.notes) = length(CAST(p.notes AS BLOB)), '', coalesce((
           SELECT ' ' || group_concat(iif(n.letter GLOB '[ก-໿က-႟ក-៿⺀-ﾟ𠀀-𱍏]', n.letter || n.next, NULL), ' ')
           FROM (
               SELECT substr(x.text, i.key + 1, 1) AS letter, substr(x.text, i.key + 2, 1) AS next
               FROM (SELECT p.notes AS text LIMIT 1) x
               CROSS JOIN json_each('[0' || replace(hex(zeroblob(min(length(x.text), 1000) - 1)), '00', ',0') || ']') i
               WHERE x.text GLOB '*[ก-໿က-႟ក-៿⺀-ﾟ𠀀-𱍏]*') n), '')) AS notes
FROM client_search_plain p;

CREATE VIEW traveler_search_text AS
SELECT a.assignment_id, a.trip_id,
       coalesce((SELECT k.full_name || ' ' || k.email FROM client_search k WHERE k.rowid = c.client_id),
                (SELECT s.full_name || ' ' || s.email FROM client_search_text s WHERE s.client_id = c.client_id)) AS traveler,
       iif(a.client_role GLOB '*[ßøØłŁđĐæÆı]*',
           replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
               a.client_role,
               'ß', 'ss'), 'ø', 'o'), 'Ø', 'o'), 'ł', 'l'), 'Ł', 'l'), 'đ', 'd'), 'Đ', 'd'), 'æ', 'ae'), 'Æ', 'ae'), 'ı', 'i'),
           coalesce(a.client_role, '')) AS role
FROM trip_client_assignments a
JOIN clients_v2 c ON c.email = a.client_email;

CREATE VIEW trip_search_text AS
SELECT p.trip_id,
       replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
       replace(replace(replace(replace(replace(replace(replace(replace(replace(
           p.trip_name,
           '&', 'and'), ' ', ''), '''', ''), '’', ''), '-', ''), '–', ''), '—', ''), ',', ''), '.', ''), '/', ''),
           '(', ''), ')', ''), ':', ''), '!', ''), '?', ''), '"', ''), '_', ''), '+', ''), '#', '') AS whole_name,
       p.trip_name || iif(instr(p.trip_name, '''') + instr(p.trip_name, '’') > 0, ' ' || replace(replace(p.trip_name, '''', ''), '’', ''), '')
       || iif(length(p.trip_name || p.destinations || p.group_name) = length(CAST(p.trip_name || p.destinations || p.group_name AS BLOB)), '', coalesce((
           SELECT ' ' || group_concat(coalesce(l.plain, iif(n.letter GLOB '[ก-໿က-႟ក-៿⺀-ﾟ𠀀-𱍏]', ' ', n.letter)), '') || ' ' || coalesce(group_concat(iif(n.letter GLOB '[ก-໿က-႟ក-៿⺀-ﾟ𠀀-𱍏]', n.letter || n.next, NULL), ' '), '')
           FROM (
               SELECT substr(x.text, i.key + 1, 1) AS letter, substr(x.text, i.key + 2, 1) AS next
               FROM (SELECT p.trip_name || ' ' || p.destinations || ' ' || p.group_name AS text LIMIT 1) x
               CROSS JOIN json_each('[0' || replace(hex(zeroblob(min(length(x.text), 1000) - 1)), '00', ',0') || ']') i
               WHERE x.text GLOB '*[ÄÅÖÜäåöüͰ-ჿក-៿⺀-ﾟ𠀀-𱍏]*') n
           LEFT JOIN search_letters l ON l.letter = n.letter), '')) AS name,
       p.destinations,
       p.group_name,
       coalesce((
           SELECT group_concat(s.traveler, ' ') FROM traveler_search_text s
           WHERE s.trip_id = p.trip_id AND NOT EXISTS (SELECT 1 FROM crowd_search_docsize k WHERE k.id = s.assignment_id)), '') AS travelers,
       coalesce((
           SELECT group_concat(s.role, ' ') FROM traveler_search_text s
           WHERE s.trip_id = p.trip_id AND NOT EXISTS (SELECT 1 FROM crowd_search_docsize k WHERE k.id = s.assignment_id)), '') AS roles,
       p.notes || iif(length(p.notes) = length(CAST(p.notes AS BLOB)), '', coalesce((
           SELECT ' ' || group_concat(iif(n.letter GLOB '[ก-໿က-႟ក-៿⺀-ﾟ𠀀-𱍏]', n.letter || n.next, NULL), ' ')
           FROM (
               SELECT substr(x.text, i.key + 1, 1) AS letter, substr(x.text, i.key + 2, 1) AS next
               FROM (SELECT p.notes AS text LIMIT 1) x
               CROSS JOIN json_each('[0' || replace(hex(zeroblob(min(length(x.text), 1000) - 1)), '00', ',0') || ']') i
               WHERE x.text GLOB '*[ก-໿က-႟ក-៿⺀-ﾟ𠀀-𱍏]*') n), '')) AS notes
FROM trip_search_plain p;

CREATE TRIGGER trg_search_stale_delete AFTER DELETE ON search_stale
BEGIN
    DELETE FROM trip_search WHERE rowid = OLD.trip_id;
    INSERT INTO trip_search (rowid, whole_name, name, destinations, group_name, travelers, roles, notes)
    SELECT s.trip_id, s.whole_name, s.name, s.destinations, s.group_name, s.travelers, s.roles, s.notes
    FROM trip_search_text s WHERE s.trip_id = OLD.trip_id;
END;

CREATE TRIGGER trg_trip_client_sync_search AFTER DELETE ON trip_client_sync
WHEN EXISTS (SELECT 1 FROM search_stale WHERE trip_id = OLD.trip_id)
BEGIN
    INSERT INTO crowd_search (rowid, travelers, roles)
    SELECT s.assignment_id, s.traveler, s.role
    FROM (SELECT a.assignment_id FROM trip_client_assignments a
          WHERE a.trip_id = OLD.trip_id AND NOT EXISTS (SELECT 1 FROM crowd_search k WHERE k.rowid = a.assignment_id)
          ORDER BY a.assignment_id LIMIT -1 OFFSET 24) n
    CROSS JOIN traveler_search_text s ON s.assignment_id = n.assignment_id;
    DELETE FROM search_stale WHERE trip_id = OLD.trip_id;
END;

CREATE TRIGGER trg_search_said_insert AFTER INSERT ON search_said
BEGIN
    INSERT INTO search_spellings (spelling, word)
    SELECT DISTINCT iif(p.value > 0, substr(n.latin, 1, p.value - 1) || substr(n.latin, p.value + 1),
                        iif(p.value = 0, n.latin, iif(p.value = -1, '^' || substr(n.latin, 1, 4),
                        iif(p.value = -2, substr(n.latin, -4) || '$', iif(p.value = -3, '~' || n.consonants, n.word))))),
           n.word
    FROM (
        SELECT m.word, m.latin,
               replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
                   m.latin, 'a', ''), 'e', ''), 'i', ''), 'o', ''), 'u', ''), 'y', ''), 'w', ''), 'h', ''), 'c', 'k'), 'q', 'k') AS consonants
        FROM (
        SELECT w.word, iif(w.word GLOB '*[Ͱ-ჿ⺀-ヿ]*', (
            SELECT group_concat(coalesce(l.plain, n.letter), '')
            FROM (
                SELECT substr(x.text, i.key + 1, 1) AS letter
                FROM (SELECT iif(w.word GLOB 'ال??*', substr(w.word, 3), w.word) AS text LIMIT 1) x
                CROSS JOIN json_each('[0' || replace(hex(zeroblob(length(x.text) - 1)), '00', ',0') || ']') i) n
            LEFT JOIN search_letters l ON l.letter = n.letter), w.word) AS latin
        FROM (
            SELECT lower(trim(j.value, '.,:!?"''()[]’“”&+*#')) AS word
            FROM (
                SELECT replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
                    NEW.said,
                    'á', 'a'), 'à', 'a'), 'â', 'a'), 'ä', 'a'), 'ã', 'a'), 'å', 'a'), 'é', 'e'), 'è', 'e'), 'ê', 'e'), 'ë', 'e'),
                    'í', 'i'), 'ı', 'i'), 'ó', 'o') AS said) s
            CROSS JOIN json_each('[' || replace(json_quote(
                replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
                    s.said,
                    'ô', 'o'), 'ö', 'o'), 'õ', 'o'), 'ø', 'o'), 'ú', 'u'), 'ü', 'u'), 'ñ', 'n'), 'ç', 'c'), 'ł', 'l'), '-', ' '),
                    '/', ' '), ',', ' ')), ' ', '","') || ']') j) w
        WHERE length(w.word) BETWEEN 3 AND 30 AND w.word NOT GLOB '*[0-9]*'
          AND NOT EXISTS (SELECT 1 FROM search_spellings s WHERE s.spelling = w.word AND s.word = w.word)
        LIMIT -1) m LIMIT -1) n
    CROSS JOIN json_each('[-4,-3,-2,-1,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]') p
    WHERE p.value <= length(n.latin)
      AND (p.value >= 0 OR p.value = -4 OR iif(p.value = -3, length(n.consonants) > 2, length(n.latin) > 4));
    DELETE FROM search_said;
END;

CREATE TRIGGER trg_trips_v2_search_insert AFTER INSERT ON trips_v2
BEGIN
    INSERT INTO search_stale (trip_id)
    SELECT NEW.trip_id WHERE NOT EXISTS (SELECT 1 FROM search_stale WHERE trip_id = NEW.trip_id);
    DELETE FROM search_stale WHERE trip_id NOT IN (SELECT g.trip_id FROM trip_client_sync g);
    INSERT INTO search_said (said)
    VALUES (coalesce(NEW.trip_name, '') || ' ' || coalesce(NEW.destinations, '') || ' ' || coalesce(NEW.group_name, ''));
END;

CREATE TRIGGER trg_trips_v2_search_update AFTER UPDATE OF trip_id, trip_name, destinations, group_name, notes ON trips_v2
WHEN NEW.trip_id IS NOT OLD.trip_id OR NEW.trip_name IS NOT OLD.trip_name OR NEW.destinations IS NOT OLD.destinations
  OR NEW.group_name IS NOT OLD.group_name OR NEW.notes IS NOT OLD.notes
BEGIN
    INSERT INTO search_stale (trip_id)
    SELECT t.value FROM json_each(json_array(OLD.trip_id, NEW.trip_id)) t
    WHERE (t.key = 0 OR NEW.trip_id <> OLD.trip_id) AND NOT EXISTS (SELECT 1 FROM search_stale WHERE trip_id = t.value);
    DELETE FROM search_stale WHERE trip_id NOT IN (SELECT g.trip_id FROM trip_client_sync g);
    INSERT INTO search_said (said)
    VALUES (coalesce(NEW.trip_name, '') || ' ' || coalesce(NEW.destinations, '') || ' ' || coalesce(NEW.group_name, ''));
END;

CREATE TRIGGER trg_trips_v2_search_delete AFTER DELETE ON trips_v2
BEGIN
    DELETE FROM trip_search WHERE rowid = OLD.trip_id;
END;

-- Mark the trips of assignments that a REPLACE is about to overwrite, because no delete trigger fires for them.

CREATE TRIGGER trg_trip_client_assignments_search_before_insert BEFORE INSERT ON trip_client_assignments
WHEN EXISTS (
    SELECT 1 FROM trip_client_assignments a
    WHERE a.assignment_id = NEW.assignment_id
       OR (a.trip_id = NEW.trip_id AND a.client_email = NEW.client_email AND a.client_role = NEW.client_role))
BEGIN
    INSERT INTO search_stale (trip_id)
    SELECT DISTINCT a.trip_id FROM trip_client_assignments a
    WHERE (a.assignment_id = NEW.assignment_id
           OR (a.trip_id = NEW.trip_id AND a.client_email = NEW.client_email AND a.client_role = NEW.client_role))
      AND NOT EXISTS (SELECT 1 FROM search_stale WHERE trip_id = a.trip_id);
END;

CREATE TRIGGER trg_trip_client_assignments_search_before_update BEFORE UPDATE OF assignment_id, trip_id, client_email, client_role ON trip_client_assignments
WHEN EXISTS (
    SELECT 1 FROM trip_client_assignments a
    WHERE a.assignment_id <> OLD.assignment_id
      AND (a.assignment_id = NEW.assignment_id
           OR (a.trip_id = NEW.trip_id AND a.client_email = NEW.client_email AND a.client_role = NEW.client_role)))
BEGIN
    INSERT INTO search_stale (trip_id)
    SELECT DISTINCT a.trip_id FROM trip_client_assignments a
    WHERE a.assignment_id <> OLD.assignment_id
      AND (a.assignment_id = NEW.assignment_id
           OR (a.trip_id = NEW.trip_id AND a.client_email = NEW.client_email AND a.client_role = NEW.client_role))
      AND NOT EXISTS (SELECT 1 FROM search_stale WHERE trip_id = a.trip_id);
END;

CREATE TRIGGER trg_trip_client_assignments_search_insert AFTER INSERT ON trip_client_assignments
WHEN NOT EXISTS (SELECT 1 FROM trip_client_sync WHERE trip_id = NEW.trip_id)
BEGIN
    DELETE FROM crowd_search WHERE rowid = NEW.assignment_id;
    INSERT INTO crowd_search (rowid, travelers, roles)
    SELECT s.assignment_id, s.traveler, s.role FROM traveler_search_text s
    WHERE s.assignment_id = NEW.assignment_id
      AND (SELECT count(*) FROM (SELECT 1 FROM trip_client_assignments a WHERE a.trip_id = NEW.trip_id LIMIT 25)) = 25;
    INSERT INTO search_stale (trip_id)
    SELECT NEW.trip_id
    WHERE NOT EXISTS (SELECT 1 FROM search_stale WHERE trip_id = NEW.trip_id)
      AND NOT EXISTS (SELECT 1 FROM crowd_search WHERE rowid = NEW.assignment_id);
    DELETE FROM search_stale WHERE trip_id NOT IN (SELECT g.trip_id FROM trip_client_sync g);
END;

CREATE TRIGGER trg_trip_client_assignments_search_held AFTER INSERT ON trip_client_assignments
WHEN EXISTS (SELECT 1 FROM trip_client_sync WHERE trip_id = NEW.trip_id)
 AND (NOT EXISTS (SELECT 1 FROM search_stale WHERE trip_id = NEW.trip_id)
      OR EXISTS (SELECT 1 FROM crowd_search WHERE rowid = NEW.assignment_id))
BEGIN
    DELETE FROM crowd_search WHERE rowid = NEW.assignment_id;
    INSERT INTO search_stale (trip_id)
    SELECT NEW.trip_id WHERE NOT EXISTS (SELECT 1 FROM search_stale WHERE trip_id = NEW.trip_id);
END;

CREATE TRIGGER trg_trip_client_assignments_search_update AFTER UPDATE OF assignment_id, trip_id, client_email, client_role ON trip_client_assignments
WHEN NEW.assignment_id IS NOT OLD.assignment_id OR NEW.trip_id IS NOT OLD.trip_id
  OR NEW.client_email IS NOT OLD.client_email OR NEW.client_role IS NOT OLD.client_role
BEGIN
    INSERT INTO search_stale (trip_id)
    SELECT OLD.trip_id
    WHERE NOT EXISTS (SELECT 1 FROM search_stale WHERE trip_id = OLD.trip_id)
      AND NOT EXISTS (SELECT 1 FROM crowd_search WHERE rowid = OLD.assignment_id);
    DELETE FROM crowd_search WHERE rowid IN (OLD.assignment_id, NEW.assignment_id);
    INSERT INTO crowd_search (rowid, travelers, roles)
    SELECT s.assignment_id, s.traveler, s.role FROM traveler_search_text s
    WHERE s.assignment_id = NEW.assignment_id
      AND (SELECT count(*) FROM (SELECT 1 FROM trip_client_assignments a WHERE a.trip_id = NEW.trip_id LIMIT 25)) = 25;
    INSERT INTO search_stale (trip_id)
    SELECT NEW.trip_id
    WHERE NOT EXISTS (SELECT 1 FROM search_stale WHERE trip_id = NEW.trip_id)
      AND NOT EXISTS (SELECT 1 FROM crowd_search WHERE rowid = NEW.assignment_id);
    DELETE FROM search_stale WHERE trip_id NOT IN (SELECT g.trip_id FROM trip_client_sync g);
END;

CREATE TRIGGER trg_trip_client_assignments_search_delete AFTER DELETE ON trip_client_assignments
BEGIN
    INSERT INTO search_stale (trip_id)
    SELECT OLD.trip_id
    WHERE NOT EXISTS (SELECT 1 FROM search_stale WHERE trip_id = OLD.trip_id)
      AND NOT EXISTS (SELECT 1 FROM crowd_search WHERE rowid = OLD.assignment_id);
    DELETE FROM crowd_search WHERE rowid = OLD.assignment_id;
    DELETE FROM search_stale WHERE trip_id NOT IN (SELECT g.trip_id FROM trip_client_sync g);
END;

CREATE TRIGGER trg_clients_v2_search_before_insert BEFORE INSERT ON clients_v2
WHEN EXISTS (SELECT 1 FROM clients_v2 c WHERE c.email = NEW.email)
BEGIN
    INSERT INTO search_displaced (client_id)
    SELECT c.client_id FROM clients_v2 c
    WHERE c.email = NEW.email AND NOT EXISTS (SELECT 1 FROM search_displaced d WHERE d.client_id = c.client_id);
END;

CREATE TRIGGER trg_clients_v2_search_before_update BEFORE UPDATE OF email ON clients_v2
WHEN NEW.email IS NOT OLD.email AND EXISTS (SELECT 1 FROM clients_v2 c WHERE c.email = NEW.email)
BEGIN
    INSERT INTO search_displaced (client_id)
    SELECT c.client_id FROM clients_v2 c
    WHERE c.email = NEW.email AND NOT EXISTS (SELECT 1 FROM search_displaced d WHERE d.client_id = c.client_id);
END;

CREATE TRIGGER trg_clients_v2_search_insert AFTER INSERT ON clients_v2
BEGIN
    DELETE FROM client_search WHERE rowid = NEW.client_id;
    DELETE FROM client_search WHERE rowid IN (
        SELECT d.client_id FROM search_displaced d WHERE NOT EXISTS (SELECT 1 FROM clients_v2 c WHERE c.client_id = d.client_id));
    DELETE FROM search_displaced;
    INSERT INTO client_search (rowid, whole_name, full_name, email, notes)
    SELECT s.client_id, s.whole_name, s.full_name, s.email, s.notes FROM client_search_text s WHERE s.client_id = NEW.client_id;
    UPDATE crowd_search
    SET travelers = (SELECT s.traveler FROM traveler_search_text s WHERE s.assignment_id = crowd_search.rowid),
        roles = (SELECT s.role FROM traveler_search_text s WHERE s.assignment_id = crowd_search.rowid)
    WHERE rowid IN (SELECT a.assignment_id FROM trip_client_assignments a WHERE a.client_email = NEW.email);
    INSERT INTO search_stale (trip_id)
    SELECT DISTINCT a.trip_id FROM trip_client_assignments a
    WHERE a.client_email = NEW.email AND a.trip_id NOT IN (SELECT trip_id FROM search_stale);
    DELETE FROM search_stale WHERE trip_id NOT IN (SELECT g.trip_id FROM trip_client_sync g);
    INSERT INTO search_said (said) VALUES (coalesce(NEW.full_name, ''));
END;

CREATE TRIGGER trg_clients_v2_search_update AFTER UPDATE OF client_id, full_name, email, contact_info ON clients_v2
WHEN NEW.client_id IS NOT OLD.client_id OR NEW.full_name IS NOT OLD.full_name OR NEW.email IS NOT OLD.email
  OR NEW.contact_info IS NOT OLD.contact_info
BEGIN
    DELETE FROM client_search WHERE rowid IN (OLD.client_id, NEW.client_id);
    DELETE FROM client_search WHERE rowid IN (
        SELECT d.client_id FROM search_displaced d WHERE NOT EXISTS (SELECT 1 FROM clients_v2 c WHERE c.client_id = d.client_id));
    DELETE FROM search_displaced;
    INSERT INTO client_search (rowid, whole_name, full_name, email, notes)
    SELECT s.client_id, s.whole_name, s.full_name, s.email, s.notes FROM client_search_text s WHERE s.client_id = NEW.client_id;
    UPDATE crowd_search
    SET travelers = (SELECT s.traveler FROM traveler_search_text s WHERE s.assignment_id = crowd_search.rowid),
        roles = (SELECT s.role FROM traveler_search_text s WHERE s.assignment_id = crowd_search.rowid)
    WHERE rowid IN (
        SELECT a.assignment_id FROM trip_client_assignments a
        WHERE a.client_email IN (OLD.email, NEW.email) AND (NEW.full_name IS NOT OLD.full_name OR NEW.email IS NOT OLD.email));
    INSERT INTO search_stale (trip_id)
    SELECT DISTINCT a.trip_id FROM trip_client_assignments a
    WHERE a.client_email IN (OLD.email, NEW.email) AND (NEW.full_name IS NOT OLD.full_name OR NEW.email IS NOT OLD.email)
      AND a.trip_id NOT IN (SELECT trip_id FROM search_stale);
    DELETE FROM search_stale WHERE trip_id NOT IN (SELECT g.trip_id FROM trip_client_sync g);
    INSERT INTO search_said (said) VALUES (coalesce(NEW.full_name, ''));
END;

CREATE TRIGGER trg_clients_v2_search_delete AFTER DELETE ON clients_v2
BEGIN
    DELETE FROM client_search WHERE rowid = OLD.client_id;
END;

-- With foreign keys on, DROP TABLE trips_v2 or clients_v2 deletes the assignments, and with them their JSON entries. It fires
-- no trigger of the dropped table, so the deleted parent is not noted, and is still in the search index. An assignment that
-- had no trip or client before may be deleted.

CREATE TRIGGER trg_trip_client_assignments_refuse_drop BEFORE DELETE ON trip_client_assignments
WHEN (NOT EXISTS (SELECT 1 FROM trips_v2 WHERE trip_id = OLD.trip_id)
      AND NOT EXISTS (SELECT 1 FROM deleted_parents WHERE trip_id = OLD.trip_id)
      AND NOT EXISTS (SELECT 1 FROM replaced_trips WHERE trip_id = OLD.trip_id)
      AND EXISTS (SELECT 1 FROM trip_search WHERE rowid = OLD.trip_id)
   OR NOT EXISTS (SELECT 1 FROM clients_v2 WHERE email = OLD.client_email)
      AND NOT EXISTS (SELECT 1 FROM deleted_parents WHERE email = OLD.client_email)
      AND NOT EXISTS (SELECT 1 FROM replaced_clients WHERE email = OLD.client_email)
      AND EXISTS (SELECT 1 FROM client_search WHERE email = OLD.client_email))
 AND NOT EXISTS (SELECT 1 FROM trip_client_sync WHERE trip_id = OLD.trip_id)
BEGIN
    SELECT RAISE(ABORT, 'dropping this table would delete assignments, run voygen schema detach first');
END;
