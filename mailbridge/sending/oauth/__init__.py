"""OAuth 2: how transports come by access tokens.

token               `Token`: what an authorisation server grants
client              `Client`: who we are to it, and `Authority`: where it is
authorities         Google, Microsoft, Zoho
endpoint            one request to a token endpoint, and what its refusals mean
grants              by refresh token, as an application, as a Google service account
store               where tokens are kept: the port, and memory
file_store          … in files, shared by processes
turn                lets one flow at a time renew
source              `TokenSource`: the token of an account, renewed in time and once
given               tokens that the application brings
settings            what every transport with OAuth 2 can be told
choice              from settings to the source they describe
device              logging in on another device (RFC 8628)
authorization_code  logging in by a browser on this machine (RFC 8252, RFC 7636)
"""
