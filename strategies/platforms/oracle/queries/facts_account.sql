-- purpose: When the password of the account expires.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT u.account_status, u.expiry_date
  FROM user_users u
