//! Values there and back, and the traps where one engine is laxer than the other.

use gate_store::{Sql, StoreError, Tx, both_engines, sql};

use crate::{NOTE, notes, set_up};

const WRITE: Sql = sql("insert into note (body, id, number, bytes) values ($2, $1, $4, $3)");
const READ: Sql = sql("select id, body, bytes, number from note where id = $1");

both_engines! {
    async fn values_come_back_as_they_went(place: TestPlace) {
        let store = place.bare();
        set_up(&store).await;
        let bytes: Vec<u8> = (0..=255).collect();
        let sent = bytes.clone();
        store
            .write(move |tx| {
                tx.execute(WRITE, &[&"full", &"žluťoučký 🐎 ' \" ; --", &sent, &i64::MIN])?;
                tx.execute(WRITE, &[&"empty", &Some(String::new()), &&[][..] as &&[u8], &Some(0i64)])?;
                tx.execute(WRITE, &[&"null", &None::<String>, &None::<Vec<u8>>, &None::<i64>])
            })
            .await
            .unwrap();
        let read = |id: &'static str| {
            store.read(move |tx| {
                tx.query_one(READ, &[&id], |row| {
                    let texts: (String, Option<String>) = (row.get(0)?, row.get(1)?);
                    let rest: (Option<Vec<u8>>, Option<i64>) = (row.get(2)?, row.get(3)?);
                    Ok::<_, StoreError>((texts.1, rest.0, rest.1))
                })
            })
        };
        let full = (Some("žluťoučký 🐎 ' \" ; --".to_owned()), Some(bytes), Some(i64::MIN));
        assert_eq!(read("full").await.unwrap(), full);
        assert_eq!(read("empty").await.unwrap(), (Some(String::new()), Some(vec![]), Some(0)));
        assert_eq!(read("null").await.unwrap(), (None, None, None));
    }

    async fn parameters_go_by_number(place: TestPlace) {
        const SWAPPED: Sql =
            sql("update note set body = $2, number = length($2) where id = $1 and id <> $2");
        let store = place.bare();
        set_up(&store).await;
        store
            .write(|tx| {
                tx.execute(NOTE, &[&"a"])?;
                assert_eq!(tx.execute(SWAPPED, &[&"a", &"four"])?, 1);
                let body = tx.query_one(READ, &[&"a"], |row| Ok((row.get(1)?, row.get(3)?)))?;
                assert_eq!(body, ("four".to_owned(), 4i64));
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
    }

    async fn wrong_parameters_are_refused(place: TestPlace) {
        let store = place.bare();
        set_up(&store).await;
        let refused = async |statement: Sql, params: &'static [i64]| {
            let closure = move |tx: &mut Tx| {
                let params: Vec<&dyn gate_store::Param> = params.iter().map(|p| p as _).collect();
                tx.query(statement, &params, |_| Ok(()))
            };
            store.write(closure).await.unwrap_err()
        };
        let one = sql("select id from account where id = $1");
        for params in [&[][..], &[1, 2]] {
            let error = refused(one, params).await;
            assert!(matches!(error, StoreError::Misuse(_)), "{error:?}");
        }
        let gap = sql("select id from account where id = $1 or id = $3");
        let error = refused(gap, &[1, 2]).await;
        assert!(matches!(error, StoreError::Misuse(_) | StoreError::Other(_)), "{error:?}");
        let error = refused(gap, &[1, 2, 3]).await;
        assert!(matches!(error, StoreError::Misuse(_) | StoreError::Other(_)), "{error:?}");
    }

    async fn nul_in_text_is_refused(place: TestPlace) {
        let store = place.bare();
        set_up(&store).await;
        for text in [Some("a\0b".to_owned()), Some("\0".to_owned())] {
            let error = store.write(move |tx| tx.execute(NOTE, &[&text])).await.unwrap_err();
            assert!(matches!(error, StoreError::NulInText), "{error:?}");
        }
        let bytes = store
            .write(|tx| tx.execute(WRITE, &[&"a", &None::<&str>, &&[0u8][..], &None::<i64>]))
            .await;
        assert_eq!(bytes.unwrap(), 1, "in bytes it is a byte like any other");
    }

    async fn a_column_of_another_type_is_an_error(place: TestPlace) {
        const TEXT: Sql = sql("select id, number from note");
        let store = place.bare();
        set_up(&store).await;
        store.write(|tx| tx.execute(NOTE, &[&"12"])).await.unwrap();
        let text = store.read(|tx| tx.query(TEXT, &[], |row| row.get::<i64>(0))).await;
        assert!(matches!(text, Err(StoreError::Other(_))), "{text:?}");
        let null = store.read(|tx| tx.query(TEXT, &[], |row| row.get::<i64>(1))).await;
        assert!(matches!(null, Err(StoreError::Other(_))), "{null:?}");
        let missing = store.read(|tx| tx.query(TEXT, &[], |row| row.get::<i64>(2))).await;
        assert!(matches!(missing, Err(StoreError::Other(_))), "{missing:?}");
    }

    async fn rows_are_counted(place: TestPlace) {
        const AGAIN: Sql = sql("insert into note (id) values ($1) on conflict do nothing");
        const RETURNING: Sql = sql("insert into note (id) values ($1) returning id");
        const ALL: Sql = sql("update note set number = 1");
        let store = place.bare();
        set_up(&store).await;
        store
            .write(|tx| {
                assert_eq!(tx.execute(AGAIN, &[&"a"])?, 1);
                assert_eq!(tx.execute(AGAIN, &[&"a"])?, 0);
                assert_eq!(tx.query_one(RETURNING, &[&"b"], |row| row.get::<String>(0))?, "b");
                assert_eq!(tx.execute(ALL, &[])?, 2);
                assert_eq!(tx.query_opt(READ, &[&"c"], |row| row.get::<String>(0))?, None);
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
        let many = store.read(|tx| tx.query_opt(crate::NOTES, &[], |row| row.get::<String>(0)));
        assert!(matches!(many.await, Err(StoreError::Misuse(_))));
        let none = store.read(|tx| tx.query_one(READ, &[&"c"], |row| row.get::<String>(0)));
        assert!(matches!(none.await, Err(StoreError::Misuse(_))));
        let rows = store.write(|tx| tx.execute(RETURNING, &[&"d"])).await;
        assert!(matches!(rows, Err(StoreError::Misuse(_))));
        assert_eq!(notes(&store).await, ["a", "b"]);
    }

    async fn a_clash_names_its_table(place: TestPlace) {
        const INDEX: &str = "create unique index note_number on note (number);
            create unique index note_lower on note ((lower(body)));";
        let store = place.bare();
        set_up(&store).await;
        store.write(|tx| tx.batch(INDEX)).await.unwrap();
        let write = |id: &'static str, body: &'static str, number: i64| {
            store.write(move |tx| tx.execute(WRITE, &[&id, &body, &None::<Vec<u8>>, &number]))
        };
        write("a", "body", 1).await.unwrap();
        let by = [("key", write("a", "b", 2)), ("column", write("b", "b", 1))];
        for (what, clash) in by {
            let error = clash.await.unwrap_err();
            assert!(matches!(&error, StoreError::Unique { table } if table == "note"), "{what}");
        }
        let error = write("c", "BODY", 3).await.unwrap_err();
        assert!(matches!(&error, StoreError::Unique { table } if table == "note"), "{error:?}");
    }

    async fn a_statement_prepares_or_says_why(place: TestPlace) {
        let store = place.bare();
        set_up(&store).await;
        store.read(|tx| tx.prepare(crate::AMOUNT)).await.unwrap();
        let typo = store.read(|tx| tx.prepare(sql("select amuont from account"))).await;
        let error = typo.unwrap_err();
        let cause = std::error::Error::source(&error).unwrap();
        let mut causes = format!("{cause}");
        if let Some(root) = cause.source() {
            causes.push_str(&root.to_string());
        }
        assert!(causes.contains("amuont"), "{causes}");
    }
}
