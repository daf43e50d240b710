//! Spellings of dates, and what each is kept as.

use super::*;

fn check(text: &str, expected: &str) {
    assert_eq!(to_utc(text).as_deref(), Ok(expected), "{text}");
}

#[test]
fn common_forms_become_one() {
    for text in [
        "2024-05-06T12:30:00Z",
        " 2024-05-06T12:30:00.123456Z ",
        "2024-05-06T14:30:00+02:00",
        "2024-05-06 07:30:00-0500",
        "2024-05-06T12:30:00",
        "2024-05-06 12:30",
        "2024-05-06T14:30:00+02:00[Europe/Berlin]",
        "2024-05-06T12:30:00 +0000",
        "2024-05-06 12:30:00 UTC",
        "2024-05-06 12:30:00 +00:00",
        "2024-05-06 12:30:00,123 UTC+0",
        "2024/05/06 12:30:00",
        "Mon, 06 May 2024 12:30:00 GMT",
        "Mon, 6 May 2024 05:30:00 -0700 (PDT)",
        "Mon, 6 May 2024 08:30:00 EDT",
        "6 May 2024 14:30:00 +0200",
        "May 6, 2024 12:30 PM",
        "May 6, 2024, 12:30:00 pm",
        "Monday, May 6th, 2024 at 12:30",
        "20240506123000",
        "202405061230",
        "20240506123000999",
        "1714998600",
        "1714998600.5",
        "1714998600.0",
        "1714998600000",
        "1714998600000000",
        "1714998600000000000",
    ] {
        check(text, "2024-05-06T12:30:00Z");
    }
    check("-141829400", "1965-07-04T10:56:40Z");
    check("2024-05-06 12:30 AM", "2024-05-06T00:30:00Z");
    check("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z");
    check("2024-05-06T23:30:00-05:30", "2024-05-07T05:00:00Z");
}

#[test]
fn a_day_a_month_and_a_year_stay_what_they_are() {
    for text in [
        "2024-02-03",
        "20240203",
        "2024/02/03",
        "2024.02.03",
        "2024/2/3",
        "3 Feb 2024",
        "3. Februar 2024",
        "Feb 3, 2024",
        "February 3rd 2024",
        "Sat 3 February 2024",
        "3-Feb-2024",
        "2024-Feb-03",
        "03.02.2024",
        "3 février 2024",
        "3 de febrero de 2024",
        "3 febbraio 2024",
        "2024年2月3日",
        "Samstag, 3. Februar 2024",
        "Sa, 03.02.2024",
        "samedi 3 février 2024",
        "sábado, 3 de febrero de 2024",
        "sabato 3 febbraio 2024",
        "Sábado, 3 de fevereiro de 2024",
        "zaterdag 3 februari 2024",
    ] {
        check(text, "2024-02-03");
    }
    for text in [
        "1er avril 2024",
        "lundi 1er avril 2024",
        "1º de abril de 2024",
        "Montag, den 1. April 2024",
        "1ro de abril de 2024",
    ] {
        check(text, "2024-04-01");
    }
    check("Montag, 1. April 2024, 14:30 Uhr", "2024-04-01T14:30:00Z");
    check("Mo, 01.04.2024 um 14:30 Uhr", "2024-04-01T14:30:00Z");
    for text in ["2024-02", "2024/02", "02/2024", "Feb 2024", "February, 2024", "2024年2月"] {
        check(text, "2024-02");
    }
    check("2024", "2024");
    check("2024.0", "2024");
    check("25/03/2024", "2024-03-25");
    check("03/25/2024", "2024-03-25");
    check("05/05/2024", "2024-05-05");
    check("25/03/2024 10:00", "2024-03-25T10:00:00Z");
    for (month, name) in "jan feb mar apr may jun jul aug sep oct nov dec".split(' ').enumerate() {
        check(&format!("7 {name} 2024"), &format!("2024-{:02}-07", month + 1));
    }
}

#[test]
fn what_is_no_date_is_said() {
    for text in [
        "",
        "soon",
        "0",
        "42",
        "12.5",
        "2024-13-01",
        "2024-02-30",
        "20241306",
        "12:30",
        "99999999999999",
        "-2024-05-06",
        "201112",
        "31/31/2024",
        "03/04/24",
        "25/03/24",
        "2024-05-06T25:00:00Z",
        "2024-05-06 12:30 XYZ",
        "30 Feb 2024",
        "Feb 2024 3 4",
        "May May 2024",
        "2024-05-06 13:30 PM",
        "0000-00-00",
        "12024-05-06",
        "+2024",
        "1.70E+12",
        "2024-05-06 10:00 11:00",
        "<b>2024</b>",
        "٢٠٢٤",
        "2024-02 10:00",
    ] {
        assert!(to_utc(text).is_err_and(|reason| reason.contains("is not a date such as")), "{text}");
    }
    assert!(to_utc(&"1 ".repeat(10_000)).is_err());
}

#[test]
fn what_can_mean_two_days_needs_an_order() {
    for (text, day_first, month_first) in [
        ("04/03/2024", "2024-03-04", "2024-04-03"),
        ("4-3-2024 10:00", "2024-03-04T10:00:00Z", "2024-04-03T10:00:00Z"),
        ("04.03.2024", "2024-03-04", "2024-04-03"),
        ("04/03/24", "2024-03-04", "2024-04-03"),
        ("04/03/70", "1970-03-04", "1970-04-03"),
    ] {
        assert_eq!(read(text, Some(Order::DayFirst)), Reading::Date(day_first.into()), "{text}");
        assert_eq!(read(text, Some(Order::MonthFirst)), Reading::Date(month_first.into()), "{text}");
    }
    assert_eq!(read("04/03/2024", None), Reading::TwoWays);
    for (text, expected) in [("04.03.24", true), ("25.03.24", true), ("04.03.2024", false), ("45.03.24", false)] {
        assert_eq!(wants_order(text), expected, "{text}");
    }
    assert_eq!(read("25/03/2024", Some(Order::MonthFirst)), Reading::Unreadable, "an order that was typed holds");
    assert_eq!(read("2024-03-04", Some(Order::MonthFirst)), Reading::Date("2024-03-04".into()));
    for (text, expected) in [
        ("25/03/2024", Some(Order::DayFirst)),
        ("03/25/2024 10:00", Some(Order::MonthFirst)),
        ("25.03.2024", Some(Order::DayFirst)),
        ("04/03/2024", None),
        ("05/05/2024", None),
        ("2024-03-25", None),
        ("25 Mar 2024", None),
        ("31/31/2024", None),
    ] {
        assert_eq!(shown_order(text), expected, "{text}");
    }
}

#[test]
fn a_span_is_all_that_was_named() {
    for (text, first, next) in [
        ("2020", "2020-01-01", "2021-01-01"),
        ("2024-05", "2024-05-01", "2024-06-01"),
        ("2024-12", "2024-12-01", "2025-01-01"),
        ("2024-12-31", "2024-12-31", "2025-01-01"),
        ("6 May 2024", "2024-05-06", "2024-05-07"),
        ("2024-05-06T12:30:00+02:00", "2024-05-06T10:30:00Z", "2024-05-06T10:30:00Z\u{1}"),
    ] {
        assert_eq!(span(text), Ok((first.into(), next.into())), "{text}");
    }
    assert!(span("yesterday").is_err_and(|reason| reason.contains("is not a date")));
    assert_eq!(span("04/03/2024").unwrap_err(), "`04/03/2024` can mean two days; write it as 2024-03-04 or 2024-04-03");
}

#[test]
fn no_date_is_not_a_wrong_one() {
    for text in ["", "  ", "NaT", "nan", "None", "null", "N/A", "0000-00-00 00:00:00"] {
        assert!(is_blank(text), "{text}");
    }
    assert!(!is_blank("soon"));
}
