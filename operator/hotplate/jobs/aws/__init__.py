"""AWS as Jobs use it.

A module that calls botocore, or explains what AWS refused, belongs here. It is loaded only by Jobs
that need AWS, or that meet an error that AWS may have caused.
"""
