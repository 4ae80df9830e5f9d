-- purpose: When the account's own password expires.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT u.username, u.account_status, u.expiry_date, u.lock_date
  FROM user_users u
